"""Conditional writes whose condition fails because of their own earlier attempt, whose response was lost."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyturn.adapters.aws.service_errors import AnswerError


def new_attempt() -> str:
    """Return a random name for one call of an adapter, to store as `attempt` in the item."""
    return secrets.token_hex(16)


def is_of_attempt(error: AnswerError, attempt: str) -> bool:
    """Return whether the stored item that failed the condition was written by this very call, whose response was lost.

    The write has to ask for that item: `ReturnValuesOnConditionCheckFailure="ALL_OLD"`.
    """
    stored: Any = error.response.get("Item", {})
    return bool(stored.get("attempt") == {"S": attempt})
