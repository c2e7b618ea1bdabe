"""`keyturn users sessions`: the browsers in which a user is signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.found_user import UserRefused, find_user
from keyturn_cli.options import AsJson, Stack, UserName, Yes
from keyturn_cli.output import confirm, format_time, print_json, print_line, print_table


def sessions(
    user: UserName,
    end: Annotated[str | None, typer.Option(metavar="SID", help="End this session and revoke its tokens.")] = None,
    end_all: Annotated[bool, typer.Option("--end-all", help="End all, and revoke each token of the user.")] = False,
    yes: Yes = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """List the sessions of a user, or end one or all of them. The user may sign in again at once."""
    if end is not None and end_all:
        raise typer.BadParameter("give either --end or --end-all", param_hint="--end")
    if end is None and not end_all:
        deployment = find_deployment(stack, Path.cwd())
        _list(deployment, find_user(deployment, user).subject, as_json=as_json)
        return
    deployment = deployment_to_change(stack, Path.cwd())
    subject = find_user(deployment, user).subject
    if end_all and not yes:
        print_line(f"Each session of {subject} ends, and each token of this user is revoked.", err=True)
        confirm("End all sessions?")
    chosen = {} if end is None else {"session_id": end}
    report = deployment.login().ask("end_sessions", subject=subject, actor=deployment.actor, **chosen)
    ended = report["ended"]
    if end is not None and not ended:
        raise UserRefused(f"{subject} has no session with this sid", f"`keyturn users sessions {subject}` lists them")
    if as_json:
        print_json({"subject": subject, "ended": ended})
    else:
        print_line(f"ended {ended} session{'' if ended == 1 else 's'} of {subject}")


def _list(deployment: Deployment, subject: str, *, as_json: bool) -> None:
    found: list[dict[str, Any]] = deployment.login().ask("list_sessions", subject=subject)["sessions"]
    if as_json:
        print_json({"subject": subject, "sessions": found})
        return
    print_table(
        ("sid", "signed in", "last used", "until", "device"),
        [
            {
                "sid": each["session_id"],
                "signed in": format_time(each["auth_time"]),
                "last used": format_time(each["last_used_at"]),
                "until": format_time(each["ends_at"]),
                "device": each["device"] or "-",
            }
            for each in found
        ],
    )
