"""One-time links by which a user chooses a password: opened by GET, used by POST (mail scanners follow links)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain import base64url
from keyturn.domain.credentials.link import FIRST_LINK_LIFETIME, LINK_BYTES, LINK_LIFETIME, Link, hash_link
from keyturn.domain.users.email import normalise_email

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.credentials.password_policy import Weakness
    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.user import User
    from keyturn.ports import Clock
    from keyturn.user_ports import Attempts, AuthorityReader, PasswordStore, UserStore
    from login.password_replacement import PasswordReplacement
    from login.password_rules import PasswordRules


class LinkRefusal(enum.StrEnum):
    """The reason that a page may give."""

    OVER = "over"  # unknown, expired, used, or user or password changed since: ask for a new link
    WEAK = "weak"  # the new password breaks a rule, and the link still holds


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssuedLink:
    """The secret value of a new link; `expires_at` is service time in whole seconds."""

    value: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRefused:
    """The password stays."""

    reason: LinkRefusal
    weakness: Weakness | None = None


class _Opened(NamedTuple):
    link: Link
    user: User
    authority: Authority
    credential: PasswordCredential | None


class Links:
    """Creates, opens and uses one-time links."""

    def __init__(
        self,
        *,
        users: UserStore,
        authorities: AuthorityReader,
        passwords: PasswordStore,
        attempts: Attempts,
        rules: PasswordRules,
        replacement: PasswordReplacement,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._users = users
        self._authorities = authorities
        self._passwords = passwords
        self._attempts = attempts
        self._rules = rules
        self._replacement = replacement
        self._clock = clock
        self._random = random

    def create(self, subject: str) -> IssuedLink | None:
        """Store a new link, which replaces earlier ones, and return it, or None if there is no such active user.

        Raises VersionConflict after a concurrent change of the profile, and the errors of the ports.
        """
        user, authority = self._users.get(subject), self._authorities.get(subject)
        if user is None or authority is None or not authority.is_active:
            return None
        credential = self._passwords.get(subject)
        # An earlier link may have a wrong reader: the new revision of the profile invalidates it.
        email = normalise_email(user.email)
        user = self._users.update(user, email=email, previous_email=email)
        value = base64url.encode(self._random(LINK_BYTES))
        lifetime = FIRST_LINK_LIFETIME if credential is None else LINK_LIFETIME
        link = Link(
            key_hash=hash_link(value),
            subject=subject,
            user_revision=user.revision,
            credential_revision=None if credential is None else credential.revision,
            expires_at=floor(self._clock.now().latest) + lifetime,
        )
        self._passwords.add_link(link)
        return IssuedLink(value=value, expires_at=link.expires_at)

    def open(self, value: str) -> User | None:
        """Return the user whose password the link sets, or None if it is over; changes nothing."""
        opened = self._open(value)
        return None if opened is None else opened.user

    def use(self, value: str, password: str) -> LinkRefused | None:
        """Store the password and use up the link; every session of the user ends. Return None after success.

        The count of failures starts again. Raises the errors of the ports.
        """
        opened = self._open(value)
        if opened is None:
            return LinkRefused(reason=LinkRefusal.OVER)
        weakness = self._rules.weakness(opened.user, password)
        if weakness is not None:
            return LinkRefused(reason=LinkRefusal.WEAK, weakness=weakness)
        # This comes before the use of the link: a crash in between would leave the user locked and without a link.
        self._attempts.forgive(opened.user.subject)
        changed = self._replacement.replace(
            opened.user, opened.authority, opened.credential, password, link=opened.link
        )
        return LinkRefused(reason=LinkRefusal.OVER) if changed is None else None

    def _open(self, value: str) -> _Opened | None:
        link = self._passwords.get_link(hash_link(value))
        if link is None or floor(self._clock.now().latest) >= link.expires_at:
            return None
        user, authority = self._users.get(link.subject), self._authorities.get(link.subject)
        credential = self._passwords.get(link.subject)
        if user is None or authority is None or not authority.is_active or user.revision != link.user_revision:
            return None
        revision = None if credential is None else credential.revision
        return _Opened(link, user, authority, credential) if revision == link.credential_revision else None
