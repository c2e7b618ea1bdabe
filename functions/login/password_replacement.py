"""The replacement of a password: one transaction, then the end of everything that the old one gave."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.user import User
    from keyturn.ports import Clock, SignInStore
    from login.password_hash import PasswordHash
    from login.session_end import SessionEnd


class PasswordReplacement:
    """Stores new passwords."""

    def __init__(self, *, hashes: PasswordHash, sign_ins: SignInStore, end: SessionEnd, clock: Clock) -> None:
        self._hashes = hashes
        self._sign_ins = sign_ins
        self._end = end
        self._clock = clock

    def replace(
        self,
        user: User,
        authority: Authority,
        previous: PasswordCredential | None,
        password: str,
        *,
        link: Link | None = None,
    ) -> PasswordCredential | None:
        """Store the password, sign the user out everywhere, and return it; None if something changed meanwhile.

        A session that is being started with the old password fails by the revision, and one that was started before
        lies before the cutoff. A crash between the two writes is made good by the next sign-in (`lacks_cutoff`).
        """
        credential = self._hashes.create(
            user.subject,
            password,
            changed_at=floor(self._clock.now().latest),
            revision=0 if previous is None else previous.revision + 1,
        )
        if not self._sign_ins.change_password(credential, authority=authority, user=user, previous=previous, link=link):
            return None
        if previous is not None:
            self._end.end_all(user.subject, reason="password_changed", actor=user.subject)
        return credential
