"""The one spelling under which an email address is reserved (ADR 32)."""

from __future__ import annotations


def normalise_email(value: str) -> str:
    """Return the spelling that is reserved; raises ValueError with the rule, never with the address."""
    raise NotImplementedError
