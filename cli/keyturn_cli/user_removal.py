"""`keyturn users remove`: erase a user, in an order that lets a repeated command finish after any crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keyturn.domain.users.authority import Authority, Status
from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.errors import problem_of
from keyturn_cli.found_user import FoundUser, find_user
from keyturn_cli.login_function import ActionRefused, ActionUnknown
from keyturn_cli.options import AsJson, Stack, UserName, Yes
from keyturn_cli.output import confirm, print_json, print_line, print_note


def remove(user: UserName, yes: Yes = False, stack: Stack = None, as_json: AsJson = False) -> None:
    """Erase a user: profile, password, sessions and consents. Each token is revoked. This cannot be undone.

    The command may be repeated. Backups of the tables hold the data for 35 days more.
    """
    deployment = deployment_to_change(stack, Path.cwd())
    found = find_user(deployment, user)
    if not yes:
        print_line(f"{found.subject} ({found.state}) loses profile, password, sessions and consents.", err=True)
        print_line("This cannot be undone. The subject is never given to another user.", err=True)
        confirm("Erase this user?")
    outcome = "erased"
    if found.state == "incomplete":
        # A user without a profile could never sign in: a tombstone is needless.
        deployment.authorities().remove(found.subject)
        outcome = "removed"
    else:
        _erase(deployment, found)
    if as_json:
        print_json({"subject": found.subject, "outcome": outcome})
    else:
        print_line(f"{outcome} {found.subject}")
    if outcome == "erased":
        print_note("backups of the tables hold the data for 35 days more")


def _erase(deployment: Deployment, found: FoundUser) -> None:
    # The tombstone comes first, so that no sign-in starts between the deletions.
    _write_tombstone(deployment, found)
    try:
        deployment.login().ask("erase", subject=found.subject, actor=deployment.actor)
    except (ActionRefused, ActionUnknown) as fault:
        raise ActionUnknown(
            f"{found.subject} can never sign in again, but some data is left: {problem_of(fault)}",
            f"run `keyturn users remove {found.subject}` again",
        ) from None


def _write_tombstone(deployment: Deployment, found: FoundUser) -> None:
    authority = found.authority
    if authority is not None and authority.status is Status.ERASED:
        return
    erased_at = int(deployment.clock().now().earliest)
    if authority is None:
        deployment.authorities().create(Authority(subject=found.subject, status=Status.ERASED, erased_at=erased_at))
    else:
        deployment.authorities().update(replace(authority, status=Status.ERASED, claims={}, erased_at=erased_at))
