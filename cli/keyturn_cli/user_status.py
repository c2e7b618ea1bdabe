"""`keyturn users disable`, `enable` and `unlock`: decide whether a user may sign in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import Target, TargetKind
from keyturn.domain.users.authority import Status
from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.errors import CommandError, problem_of
from keyturn_cli.found_user import find_user
from keyturn_cli.options import AsJson, Reason, Stack, UserName, Yes
from keyturn_cli.output import confirm, print_json, print_line
from keyturn_cli.revocation_aim import Aim
from keyturn_cli.revocation_plan import plan
from keyturn_cli.values import check_reason


def disable(
    user: UserName,
    reason: Reason = "disabled by an operator",
    yes: Yes = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Disable a user: sign-in is refused from now on, and each session and token is revoked.

    `users enable` allows sign-in again. Sessions and tokens stay revoked.
    """
    check_reason(reason)
    deployment = deployment_to_change(stack, Path.cwd())
    _, authority = find_user(deployment, user).require_whole()
    subject = authority.subject
    if not yes:
        print_line(f"{subject} cannot sign in from now on, and loses each session and token.", err=True)
        confirm("Disable this user?")
    # The status comes first, so that no session or code starts after the cutoff.
    if authority.status is not Status.DISABLED:
        deployment.authorities().update(replace(authority, status=Status.DISABLED))
    try:
        _revoke(deployment, subject, reason)
    except (KeyturnError, BotoCoreError, ClientError) as fault:
        raise CommandError(
            f"{subject} is disabled, but sessions and tokens may still be valid: {problem_of(fault)}",
            f"run `keyturn users disable {subject}` again",
        ) from None
    _print_outcome(subject, "disabled", as_json=as_json)


def enable(user: UserName, stack: Stack = None, as_json: AsJson = False) -> None:
    """Let a disabled user sign in again, with the same password."""
    deployment = deployment_to_change(stack, Path.cwd())
    _, authority = find_user(deployment, user).require_whole()
    if not authority.is_active:
        deployment.authorities().update(replace(authority, status=Status.ACTIVE))
    _print_outcome(authority.subject, "enabled", as_json=as_json)


def unlock(user: UserName, stack: Stack = None, as_json: AsJson = False) -> None:
    """Allow password attempts in unknown browsers again, after 100 wrong passwords in a row."""
    deployment = deployment_to_change(stack, Path.cwd())
    found = find_user(deployment, user)
    found.require_active()
    deployment.login().ask("unlock", subject=found.subject)
    _print_outcome(found.subject, "unlocked", as_json=as_json)


def _revoke(deployment: Deployment, subject: str, reason: str) -> None:
    planned = plan(deployment, Aim(Target.of(TargetKind.SUBJECT, subject)))
    deployment.revocations().revoke(planned.revocation, reason=reason, actor=deployment.actor)


def _print_outcome(subject: str, outcome: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"subject": subject, "outcome": outcome})
    else:
        print_line(f"{outcome} {subject}")
