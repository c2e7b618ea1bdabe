"""`keyturn users add`: two writes by two roles, in an order in which an incomplete user can never sign in."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.standard_claims import check_standard_claims
from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from keyturn.domain.users.user import User
from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.errors import problem_of
from keyturn_cli.found_user import UserRefused, normalised
from keyturn_cli.login_function import ActionRefused, ActionUnknown
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json, print_line, print_note
from keyturn_cli.token_size_check import check_user_claims
from keyturn_cli.values import parse_claims

# The standard claims whose values are JSON.
_JSON_CLAIMS = frozenset({"address", "phone_number_verified"})


def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the user signs in with.")],
    name: Annotated[str | None, typer.Option(help="The full name, which pages and userinfo show.")] = None,
    given_name: Annotated[str | None, typer.Option(help="The first name.")] = None,
    family_name: Annotated[str | None, typer.Option(help="The last name.")] = None,
    locale: Annotated[str | None, typer.Option(help="The language, such as en-GB (BCP 47).")] = None,
    standard_claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Another claim of OIDC Core §5.1, such as phone_number; address as JSON. Repeatable.",
        ),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A custom claim, for resource servers that declare it. The value is JSON or a string. Repeatable.",
        ),
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Print a one-time link to choose a password, valid for 7 days.")
    ] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Register a user, and print the subject.

    The address counts as verified. The user has no password yet: give --link, or run `users link` later.
    """
    names = {"given_name": given_name, "family_name": family_name}
    standard = {key: text for key, text in names.items() if text}
    standard |= parse_claims(standard_claim or [], option="--standard-claim", json_names=_JSON_CLAIMS)
    reserved = normalised(email)
    subject = new_subject(secrets.token_bytes(SUBJECT_BYTES))
    custom_claims = check_user_claims(parse_claims(claim or []))
    authority = Authority(subject=subject, status=Status.ACTIVE, claims=custom_claims)
    # The rules of the login are checked before the first write.
    check_standard_claims(standard)
    User(subject=subject, email=email, name=name, locale=locale, claims=standard)
    deployment = deployment_to_change(stack, Path.cwd())
    owner = deployment.users().find_subject(reserved)
    if owner is not None:
        raise _taken(owner)
    deployment.authorities().create(authority)
    details = {"email": email, "name": name, "locale": locale, "claims": standard}
    _create(deployment, subject, reserved, {key: value for key, value in details.items() if value})
    _print(deployment, subject, with_link=link, as_json=as_json)


def _taken(owner: str) -> UserRefused:
    return UserRefused(f"{owner} has this address already", f"`keyturn users show {owner}` shows that user")


def _create(deployment: Deployment, subject: str, reserved: str, details: dict[str, Any]) -> None:
    """Ask the login for the profile; raises UserRefused, ActionRefused and ActionUnknown.

    The reservation of the address shows whether the profile was stored, even if the response was lost.
    """
    try:
        deployment.login().ask("add_user", subject=subject, **details)
    except (ActionRefused, ActionUnknown) as fault:
        owner = deployment.users().find_subject(reserved)
        if owner == subject:
            return
        if owner is None and isinstance(fault, ActionUnknown):
            raise ActionUnknown(
                f"{subject} may be incomplete: {problem_of(fault)}",
                f"`keyturn users show {subject}` shows the state, and `keyturn users remove {subject}` clears it",
            ) from None
        # The user stays incomplete: the address is another user's, or the login refused the profile.
        deployment.authorities().remove(subject)
        if owner is not None:
            raise _taken(owner) from None
        raise


def _print(deployment: Deployment, subject: str, *, with_link: bool, as_json: bool) -> None:
    made: dict[str, Any] = {}
    fault: Exception | None = None
    if with_link:
        try:
            made = deployment.login().ask("create_link", subject=subject)
        except (ActionRefused, ActionUnknown) as error:
            # The user is stored: the subject must be printed.
            fault = error
    if as_json:
        print_json({"subject": subject, "issuer": deployment.issuer} | link_fields(made))
    else:
        print_line(f"subject  {subject}")
        print_link(made)
    if fault is not None:
        print_line(f"no link was made: {problem_of(fault)}: run `keyturn users link {subject}`", err=True)
        raise typer.Exit(1)
    if not with_link:
        print_note(f"`keyturn users link {subject}` prints a link to choose a password")


def link_fields(made: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a link for a program; none without a link."""
    return {name: made[name] for name in ("link", "expires_at") if name in made}


def print_link(made: dict[str, Any]) -> None:
    """Print a link for a person; without a link, print nothing."""
    if made:
        print_line(f"link     {made['link']}")
        print_line(f"until    {format_time(made['expires_at'])}")
        print_line("Give the link to the user alone: it sets the password once.", err=True)
