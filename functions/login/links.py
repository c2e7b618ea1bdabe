"""One-time links by which a user chooses a password: opened by GET, used by POST (mail scanners follow links)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.credentials.password_policy import Weakness
    from keyturn.domain.users.user import User


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


class Links:
    """Creates, opens and uses one-time links."""

    def create(self, subject: str) -> IssuedLink | None:
        """Store a new link and return it, or None if there is no such active user; raises what the ports raise."""
        raise NotImplementedError

    def open(self, value: str) -> User | None:
        """Return the user whose password the link sets, or None if it is over; changes nothing."""
        raise NotImplementedError

    def use(self, value: str, password: str) -> LinkRefused | None:
        """Store the password and use up the link; every session of the user ends. Return None if it is done."""
        raise NotImplementedError
