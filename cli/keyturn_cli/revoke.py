"""`keyturn revoke`: end a token, or all that a client or a subject holds."""

from __future__ import annotations

import getpass
from math import floor
from pathlib import Path
from typing import Annotated

import typer

from keyturn.domain.revocation import CUT_KINDS, Revocation, Target, TargetKind
from keyturn_cli.deployment import TOKEN_HORIZON, find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json
from keyturn_cli.token import read_token, unverified_claims


def revoke(
    token: Annotated[str | None, typer.Option(help="One access token; - reads it from standard input.")] = None,
    jti: Annotated[str | None, typer.Option(help="One access token, by its jti.")] = None,
    client: Annotated[str | None, typer.Option(help="Every token that this client holds now.")] = None,
    subject: Annotated[str | None, typer.Option(help="Every token about this subject, as of now.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "revoked by an operator",
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Revoke; returns when the revocation is stored, from which moment the stated bound counts."""
    target = _target(token=token, jti=jti, client=client, subject=subject)
    deployment = find_deployment(stack, Path.cwd())
    now = floor(deployment.clock().now().latest)
    revocation = Revocation(
        target,
        # No token that it hits lives longer than the longest that any verifier accepts.
        expires_at=now + TOKEN_HORIZON,
        not_before=now if target.kind in CUT_KINDS else None,
    )
    deployment.revocations().revoke(revocation, reason=reason, actor=getpass.getuser())
    if as_json:
        print_json({"target": target.key, "not_before": revocation.not_before, "expires_at": revocation.expires_at})
        return
    upto = "" if revocation.not_before is None else f": every token issued until {format_time(revocation.not_before)}"
    typer.echo(f"revoked {target.key}{upto}")


def _target(*, token: str | None, jti: str | None, client: str | None, subject: str | None) -> Target:
    given = {TargetKind.CLIENT: client, TargetKind.SUBJECT: subject, TargetKind.TOKEN: jti}
    targets = [Target(kind, identifier) for kind, identifier in given.items() if identifier is not None]
    if token is not None:
        found = unverified_claims(read_token(token)).get("jti")
        if not isinstance(found, str) or not found:
            raise typer.BadParameter("the token has no jti", param_hint="--token")
        targets.append(Target(TargetKind.TOKEN, found))
    if len(targets) != 1:
        raise typer.BadParameter("name exactly one of --token, --jti, --client and --subject")
    return targets[0]
