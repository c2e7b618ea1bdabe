"""Subjects of users: `u_` and at least 128 bits, which no client id can equal (RFC 9700 §4.15)."""

from __future__ import annotations

import re

from keyturn.domain.base64url import encode

SUBJECT_BYTES = 16
_SUBJECT = re.compile("u_[A-Za-z0-9_-]{22,64}")


def new_subject(random: bytes) -> str:
    """Return the subject for SUBJECT_BYTES random bytes; a subject is never used for a second user."""
    return "u_" + encode(random)


def is_subject(value: str) -> bool:
    """Return whether the value has the form of a user's subject."""
    return _SUBJECT.fullmatch(value) is not None
