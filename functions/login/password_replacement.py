"""The replacement of a password: the end of everything that the old one gave, then one transaction.

A crash after the transaction must leave no session of somebody who knew the old password, so the first revocation
cutoff comes before it. A crash between the two signs the user out everywhere, and the old password stays. A sign-in by
the old password between the two is ended by the second cutoff. If a crash prevents that one, the next sign-in writes it
(`lacks_cutoff`), because the password's time lies after the first cutoff.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.user import User
    from keyturn.ports import Clock
    from keyturn.user_ports import SignInStore
    from login.password_hash import PasswordHash
    from login.session_end import SessionEnd
    from login.user_revocations import UserRevocations


class PasswordReplacement:
    """Stores new passwords."""

    def __init__(
        self,
        *,
        hashes: PasswordHash,
        sign_ins: SignInStore,
        revocations: UserRevocations,
        end: SessionEnd,
        clock: Clock,
    ) -> None:
        self._hashes = hashes
        self._sign_ins = sign_ins
        self._revocations = revocations
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
        """Sign the user out everywhere, store the password and return it; None if something changed meanwhile.

        The user is signed out in both cases, unless this is a first password. Raises what the ports raise: the
        password may be stored then, and no session outlives it.
        """
        subject = user.subject
        credential = self._hashes.create(
            subject,
            password,
            changed_at=floor(self._clock.now().latest),
            revision=0 if previous is None else previous.revision + 1,
        )
        if previous is not None:
            cutoff = self._revocations.cut_off(subject, reason="password_changed", actor=subject)
            credential = replace(credential, changed_at=cutoff + 1)
        if not self._sign_ins.change_password(credential, authority=authority, user=user, previous=previous, link=link):
            return None
        if previous is not None:
            self._end.end_all(subject, reason="password_changed", actor=subject, at_least=credential.changed_at)
        return credential
