"""The user that an operator names by subject or by email address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.email import normalise_email
from keyturn.domain.users.subject import is_subject
from keyturn_cli.errors import CommandError

if TYPE_CHECKING:
    from keyturn.domain.users.user import User
    from keyturn_cli.deployment import Deployment


class UnknownUser(CommandError):
    """No user has this subject or address."""


class UserRefused(CommandError):
    """The state of the user does not allow the action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundUser:
    """The items of one user; after an interrupted creation or erasure only one of them exists."""

    subject: str
    user: User | None
    authority: Authority | None

    @property
    def state(self) -> str:
        """The state in a word: a status, `incomplete`, `erasing` or `unknown`."""
        if self.authority is None:
            return "unknown"
        if self.authority.status is Status.ERASED:
            return "erased" if self.user is None else "erasing"
        return "incomplete" if self.user is None else self.authority.status.value

    def require_whole(self) -> tuple[User, Authority]:
        """Return profile and authority; raises UserRefused where one is missing or the user is erased."""
        if self.authority is not None and self.authority.status is Status.ERASED:
            raise UserRefused(f"{self.subject} is erased", "register the person again with `keyturn users add`")
        if self.user is None or self.authority is None:
            part = "profile" if self.user is None else "status"
            raise UserRefused(f"{self.subject} has no {part}", f"remove it with `keyturn users remove {self.subject}`")
        return self.user, self.authority

    def require_active(self) -> None:
        """Raise UserRefused unless the user may sign in."""
        _, authority = self.require_whole()
        if not authority.is_active:
            raise UserRefused(f"{self.subject} is disabled", f"run `keyturn users enable {self.subject}` first")


def find_user(deployment: Deployment, name: str) -> FoundUser:
    """Return the user of a subject or an email address; raises UnknownUser, or BadParameter for any other name."""
    subject = name if is_subject(name) else _subject_of(deployment, name)
    user, authority = deployment.users().get(subject), deployment.authorities().get(subject)
    if user is None and authority is None:
        raise UnknownUser("no user has this subject", "`keyturn users list` shows all users")
    return FoundUser(subject=subject, user=user, authority=authority)


def normalised(email: str) -> str:
    """Return the spelling of an address that the stack reserves; raises BadParameter."""
    try:
        return normalise_email(email)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="EMAIL") from None


def _subject_of(deployment: Deployment, email: str) -> str:
    if "@" not in email:
        raise typer.BadParameter("give a subject (u_ and 22 characters or more) or an email address", param_hint="USER")
    subject = deployment.users().find_subject(normalised(email))
    if subject is None:
        raise UnknownUser("no user has this address", "`keyturn users list` shows all users")
    return subject
