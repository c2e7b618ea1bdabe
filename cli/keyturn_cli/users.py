"""`keyturn users`: the users who may sign in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn.domain.access.scope import format_scope
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.errors import problem_of
from keyturn_cli.found_user import FoundUser, find_user
from keyturn_cli.login_function import ActionRefused, ActionUnknown
from keyturn_cli.new_user import add, link_fields, print_link
from keyturn_cli.options import AsJson, Stack, StackCommands, UserName
from keyturn_cli.output import format_time, print_fields, print_json, print_line, print_note, print_table
from keyturn_cli.token_size_check import check_user_claims
from keyturn_cli.user_removal import remove
from keyturn_cli.user_sessions import sessions
from keyturn_cli.user_status import disable, enable, unlock
from keyturn_cli.values import parse_claims

app = StackCommands(no_args_is_help=True, help="Register users, disable them, and let them sign in again.")
app.command("add")(add)

_PROGRESS = 1000


@app.command("list")
def list_users(
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this number of users.")] = None,
    after: Annotated[str | None, typer.Option(metavar="SUBJECT", help="Continue a list after this user.")] = None,
    with_erased: Annotated[bool, typer.Option("--erased", help="List erased users too.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """List the users with their states, in the order of the table.

    An interrupted command leaves an `incomplete` or `erasing` user: `users remove` clears it.
    """
    found, following = _read(find_deployment(stack, Path.cwd()), limit=limit, after=after, with_erased=with_erased)
    if as_json:
        print_json({"users": [_summary(each) for each in found], "next": following})
        return
    print_table(
        ("subject", "state", "email", "name", "created"),
        [
            {
                "subject": each.subject,
                "state": each.state,
                "email": each.user.email if each.user else "-",
                "name": (each.user.name if each.user else None) or "-",
                "created": format_time(each.user.created_at if each.user else None),
            }
            for each in found
        ],
    )
    if following is not None:
        print_note(f"there are more: `keyturn users list --after {following}`")


@app.command()
def show(user: UserName, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show a user: profile, status, claims, sessions, and the consents to applications."""
    deployment = find_deployment(stack, Path.cwd())
    found = find_user(deployment, user)
    consents = deployment.consents().list(found.subject)
    sessions, unknown = _count_sessions(deployment, found)
    fields = _summary(found) | _details(found) | {"sessions": sessions}
    if as_json:
        known = [{"client_id": each.client_id, "scope": sorted(each.scope), "at": each.at} for each in consents]
        print_json(fields | {"consents": known})
    else:
        times = {name: format_time(fields[name]) for name in _TIMES if fields.get(name) is not None}
        print_fields(fields | times)
        for each in consents:
            print_line(f"consent  {each.client_id}  {format_scope(each.scope)}  {format_time(each.at)}")
    if unknown is not None:
        print_note(unknown)


@app.command()
def link(user: UserName, stack: Stack = None, as_json: AsJson = False) -> None:
    """Print a one-time link with which the user chooses a password.

    The link of a user without a password works for 7 days, and any other for 15 minutes. The old password stays valid
    until the user has chosen the new one.
    """
    deployment = deployment_to_change(stack, Path.cwd())
    found = find_user(deployment, user)
    found.require_active()
    made = deployment.login().ask("create_link", subject=found.subject)
    if as_json:
        print_json({"subject": found.subject} | link_fields(made))
    else:
        print_link(made)


@app.command()
def claims(
    user: UserName,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="The value as JSON or as a string. Repeatable."),
    ] = None,
    unset: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Remove a claim. Repeatable.")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Show a user's custom claims, or change the named ones. Issued tokens keep the old values."""
    changed = parse_claims(given or [], option="--set")
    gone = set(unset or [])
    if both := gone & changed.keys():
        raise typer.BadParameter(f"{', '.join(sorted(both))} is in --set as well", param_hint="--unset")
    find = deployment_to_change if changed or gone else find_deployment
    deployment = find(stack, Path.cwd())
    _, authority = find_user(deployment, user).require_whole()
    if changed or gone:
        kept = {name: value for name, value in authority.claims.items() if name not in gone}
        authority = deployment.authorities().update(replace(authority, claims=check_user_claims(kept | changed)))
    if as_json:
        print_json({"subject": authority.subject, "claims": dict(authority.claims)})
    else:
        print_fields(dict(authority.claims))


for _command in (disable, enable, unlock, sessions, remove):
    app.command(_command.__name__)(_command)

_TIMES = ("created_at", "updated_at", "email_verified_at", "erased_at")


def _read(
    deployment: Deployment, *, limit: int | None, after: str | None, with_erased: bool
) -> tuple[list[FoundUser], str | None]:
    """Return users, and the subject after which the list continues if there may be more."""
    found: list[FoundUser] = []
    seen = 0
    for page in deployment.user_directory().pages(after):
        for authority, user in page:
            each = FoundUser(subject=authority.subject, user=user, authority=authority)
            if with_erased or each.state != "erased":
                found.append(each)
            if len(found) == limit:
                return found, authority.subject
        seen += len(page)
        if page and seen % _PROGRESS < len(page):
            print_note(f"{seen} users read")
    return found, None


def _summary(found: FoundUser) -> dict[str, Any]:
    user = found.user
    return {
        "subject": found.subject,
        "state": found.state,
        "email": user and user.email,
        "name": user and user.name,
        "created_at": user and user.created_at,
    }


def _details(found: FoundUser) -> dict[str, Any]:
    user, authority = found.user, found.authority
    return {
        "email_verified_at": user and user.email_verified_at,
        "locale": user and user.locale,
        "standard_claims": dict(user.claims) if user else {},
        "updated_at": user and user.updated_at,
        "custom_claims": dict(authority.claims) if authority else {},
        "erased_at": authority and authority.erased_at,
    }


def _count_sessions(deployment: Deployment, found: FoundUser) -> tuple[int | None, str | None]:
    """Return the number of sessions, or the reason why it is unknown, so that the rest can still be shown."""
    if found.user is None:
        return None, None
    try:
        return len(deployment.login().ask("list_sessions", subject=found.subject)["sessions"]), None
    except (ActionRefused, ActionUnknown) as fault:
        return None, f"the number of sessions is unknown: {problem_of(fault)}"
