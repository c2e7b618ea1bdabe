"""A user's profile (OIDC Core §5.1): the login writes it, the issuer reads it for userinfo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyturn.domain.users.subject import is_subject

_MAX_NAME = 200
_MAX_EMAIL = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One profile; times are service time in whole seconds.

    `email` is as the user writes it; `email_verified_at` is None until the address is verified. `claims` are further
    standard claims by their names of OIDC Core §5.1, without `sub`, `email`, `email_verified`, `name`, `locale` and
    `updated_at`. `revision` counts the changes.
    """

    subject: str
    email: str
    name: str | None = None
    email_verified_at: int | None = None
    locale: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0
    revision: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError with the rule for a profile that a page could not show."""
        if not is_subject(self.subject):
            raise ValueError("a user's subject is u_ and 22 to 64 of A-Z a-z 0-9 _ -")
        if self.name is not None and not (0 < len(self.name) <= _MAX_NAME and self.name.isprintable()):
            raise ValueError(f"a user's name is 1 to {_MAX_NAME} printable characters")
        if not 0 < len(self.email) <= _MAX_EMAIL:
            raise ValueError(f"an email address is 1 to {_MAX_EMAIL} characters")

    def standard_claims(self) -> dict[str, Any]:
        """Return the claims that userinfo may return, without those that have no value (OIDC Core §5.3.2)."""
        known = {
            **self.claims,
            "name": self.name,
            "email": self.email,
            "email_verified": self.email_verified_at is not None,
            "locale": self.locale,
            "updated_at": self.updated_at,
        }
        return {name: value for name, value in known.items() if value not in (None, "")}
