"""Whom the options of `keyturn revoke` name, and whether they can name anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import NamedTuple

import typer

from keyturn.domain.clients.client import is_client_id
from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import Target, TargetKind, pair_target
from keyturn.jose import ANY_AUDIENCE, TokenError, TokenErrorReason, VerifiedAccessToken, verify_access_token
from keyturn.jose.claims import is_identifier
from keyturn.jose.policy import MAX_LEEWAY
from keyturn_cli.deployment import Deployment
from keyturn_cli.output import format_time
from keyturn_cli.token import issuer_keys, read_token, unverified_claims, verification_policy

_KINDS = {
    "--jti": TargetKind.TOKEN,
    "--gid": TargetKind.GRANT,
    "--sid": TargetKind.SESSION,
    "--subject": TargetKind.SUBJECT,
    "--client": TargetKind.CLIENT,
}


class NothingToRevoke(KeyturnError):
    """Whatever is named has ended by itself; the message says when."""


class Aim(NamedTuple):
    """Whom the options name.

    `token` for --token; `before` in whole seconds for --all-before, None for the present.
    """

    target: Target
    token: VerifiedAccessToken | None = None
    before: int | None = None


def aim(deployment: Deployment, option: str, value: str) -> Aim:
    """Return what one option names; raises BadParameter for what can name nothing, and NothingToRevoke."""
    if option == "--token":
        return _aim_at_token(deployment, value)
    if option == "--all-before":
        return Aim(Target(TargetKind.GLOBAL, "0"), before=_time(value))
    return Aim(Target(_KINDS[option], _identifier(option, value)))


def aim_at_pair(subject: str, client_id: str) -> Aim:
    """Return what --subject and --client name together; raises BadParameter for what can name nothing."""
    _identifier("--subject", subject)
    _identifier("--client", client_id)
    try:
        return Aim(pair_target(subject, client_id))
    except ValueError:
        raise typer.BadParameter(
            "the subject is the client itself: --client alone revokes all of its tokens", param_hint="--subject"
        ) from None


def _identifier(option: str, value: str) -> str:
    """Return the value if a token can have it; raises BadParameter."""
    if option == "--client" and not is_client_id(value):
        raise typer.BadParameter(
            "a client id is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with u_: `keyturn clients list` has them",
            param_hint=option,
        )
    if not is_identifier(value):
        raise typer.BadParameter(
            "no token has that: an identifier is 1 to 256 characters, none of them a control", param_hint=option
        )
    return value


def _aim_at_token(deployment: Deployment, value: str) -> Aim:
    """Verify a token, and name it by its jti: that of a forged or a foreign one may be another token's of ours."""
    raw = read_token(value)
    policy = verification_policy(deployment, ANY_AUDIENCE, MAX_LEEWAY)
    try:
        token = verify_access_token(raw, issuer_keys(deployment), policy, now=deployment.clock().now().earliest)
    except TokenError as error:
        if error.reason is TokenErrorReason.TOKEN_EXPIRED:
            ended = format_time(unverified_claims(raw)["exp"])
            raise NothingToRevoke(f"the token has expired, {ended}: nobody accepts it any more") from None
        why = f"{error} This stack's issuer is {deployment.issuer}."
        raise typer.BadParameter(
            f"not a token that this stack issued and anybody accepts. {why} `keyturn token explain -` says more; "
            "if you know better, --jti revokes by the jti alone.",
            param_hint="--token",
        ) from None
    return Aim(Target(TargetKind.TOKEN, token.jti), token=token)


def _time(value: str) -> int | None:
    """Return a time in whole seconds, or None for now; raises BadParameter."""
    if value == "now":
        return None
    try:
        time = datetime.fromisoformat(value)
        # What is no time of the calendar's in UTC is nobody's.
        instant = None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise typer.BadParameter(
            "neither `now` nor a time with its zone, such as 2026-09-21T14:13:20Z (RFC 3339)", param_hint="--all-before"
        )
    return floor(instant.timestamp())
