"""`keyturn revoke`: revoke a token, a grant, a session, or the tokens of a subject, a client, both together, or all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyturn.domain.revocations.revocation import CUTOFF_KINDS
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import confirm, print_json, print_line, print_notes, print_rows
from keyturn_cli.revocation_aim import Aim, NothingToRevoke, aim, aim_at_pair
from keyturn_cli.revocation_plan import Plan, plan
from keyturn_cli.unknown_target import notes_on_target
from keyturn_cli.values import check_reason

_PAIR = {"--subject", "--client"}


def revoke(
    token: Annotated[str | None, typer.Option(help="One access token; - reads it from standard input.")] = None,
    jti: Annotated[str | None, typer.Option(help="One access token, by its jti.")] = None,
    gid: Annotated[str | None, typer.Option(help="Every token of this grant.")] = None,
    sid: Annotated[str | None, typer.Option(help="Every token of this session.")] = None,
    client: Annotated[str | None, typer.Option(help="Every token of this client issued until now.")] = None,
    subject: Annotated[str | None, typer.Option(help="Every token of this subject issued until now.")] = None,
    all_before: Annotated[
        str | None, typer.Option(metavar="TIME", help="Every token issued until `now` or an RFC 3339 time.")
    ] = None,
    reason: Annotated[
        str, typer.Option(help="The reason, which is stored with the revocation.")
    ] = "revoked by an operator",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the tokens that would be revoked, and write nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Skip the question. A note on an unknown target is still printed.")
    ] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Revoke tokens. The command returns when the revocation is stored. The revocation bound begins then.

    --subject and --client together revoke only the tokens of this subject at this client. The options --client,
    --subject and --all-before ask for confirmation, and so does a target that the stack does not know. A revocation
    cannot be undone. Tokens issued later are valid.
    """
    options = {"--token": token, "--jti": jti, "--gid": gid, "--sid": sid, "--client": client, "--subject": subject}
    given = _given(options | {"--all-before": all_before})
    check_reason(reason)
    find = find_deployment if dry_run else deployment_to_change
    deployment = find(stack, Path.cwd())
    try:
        what = _aim(deployment, given)
        planned = plan(deployment, what)
        notes = notes_on_target(deployment, given)
        print_notes(notes)
        if dry_run:
            _print_outcome(planned, "dry_run", notes, as_json=as_json)
            return
        if not yes and (notes or what.target.kind in CUTOFF_KINDS):
            print_rows(planned.rows(), err=True)
            confirm("Revoke?")
            # The plan is made again, to hit the tokens that were issued while the question was open.
            planned = plan(deployment, what)
    except NothingToRevoke as nothing:
        _print_nothing(nothing, as_json=as_json)
        return
    deployment.revocations().revoke(planned.revocation, reason=reason, actor=deployment.actor)
    _print_outcome(planned, "revoked", notes, as_json=as_json)


def _given(options: dict[str, str | None]) -> dict[str, str]:
    """Return the one option that is given, or --subject and --client; raises BadParameter."""
    given = {option: value for option, value in options.items() if value is not None}
    if len(given) != 1 and given.keys() != _PAIR:
        raise typer.BadParameter(f"name exactly one of {', '.join(options)}, or --subject and --client together")
    return given


def _aim(deployment: Deployment, given: dict[str, str]) -> Aim:
    if given.keys() == _PAIR:
        return aim_at_pair(given["--subject"], given["--client"])
    [(option, value)] = given.items()
    return aim(deployment, option, value)


def _print_nothing(nothing: NothingToRevoke, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": "nothing_to_revoke", "explanation": str(nothing)})
    else:
        print_line(f"nothing to revoke: {nothing}")


def _print_outcome(planned: Plan, outcome: str, notes: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": outcome, "notes": notes, **planned.fields()})
    elif outcome == "dry_run":
        print_rows(planned.rows())
        print_line("dry run: nothing was written")
    else:
        already = "" if planned.changes else " (it was already)"
        print_line(f"revoked {planned.name}: {planned.hits}{already}")
