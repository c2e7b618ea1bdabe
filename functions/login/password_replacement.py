"""The replacement of a password: a revocation cutoff for everything before it, then one transaction.

A crash after the transaction must leave no session of a person who knew the old password: the first revocation cutoff
precedes it. A crash between the two signs the user out everywhere, and the old password stays. The second cutoff ends
a sign-in by the old password between the two. If a crash prevents that cutoff, the next sign-in writes it
(`lacks_cutoff`): the time of the password lies after the first cutoff.
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
        """Sign the user out everywhere, store the password and return it; None after a concurrent change.

        The user is signed out in both cases, unless this is a first password. Raises the errors of the ports: the
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
