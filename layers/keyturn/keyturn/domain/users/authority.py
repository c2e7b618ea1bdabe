"""Decisions of an operator about a user: the status and the custom claims. Only the operator's commands write them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyturn.domain.clients.custom_claims import check_claims
from keyturn.domain.users.subject import is_subject


class Status(enum.StrEnum):
    """The states of a user; an erased user can never sign in again."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One user's status and custom claims for resource servers; a user without one cannot sign in.

    `erased_at` is service time in whole seconds, on the tombstone of an erased user alone.
    """

    subject: str
    status: Status
    claims: Mapping[str, Any] = field(default_factory=dict)
    erased_at: int | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError with the rule for claims that a token cannot carry."""
        if not is_subject(self.subject):
            raise ValueError("a user's subject is u_ and 22 to 64 of A-Z a-z 0-9 _ -")
        check_claims(self.claims)

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in and get codes."""
        return self.status is Status.ACTIVE
