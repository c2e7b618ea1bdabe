"""The erasure of a user from the login's tables; the operator writes the tombstone first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.users.authority import Status
from keyturn.domain.users.email import normalise_email

if TYPE_CHECKING:
    from keyturn.user_ports import AuthorityReader, PasswordStore, UserStore
    from login.session_end import SessionEnd


class Erase:
    """Erases users."""

    def __init__(
        self, *, users: UserStore, authorities: AuthorityReader, passwords: PasswordStore, end: SessionEnd
    ) -> None:
        self._users = users
        self._authorities = authorities
        self._passwords = passwords
        self._end = end

    def erase(self, subject: str, *, actor: str) -> bool:
        """Delete all personal data of the user; return False without a change if the tombstone is missing.

        The tombstone stops sign-ins by the condition of their transaction. The cutoff ends sessions and grants. The
        deletes follow, with the profile last: it names the address to release. The call may be repeated after a crash.
        """
        authority = self._authorities.get(subject)
        if authority is None or authority.status is not Status.ERASED:
            return False
        user = self._users.get(subject)
        self._end.end_all(subject, reason="erased", actor=actor)
        self._passwords.erase(subject)
        self._users.erase(subject, email=None if user is None else normalise_email(user.email))
        return True
