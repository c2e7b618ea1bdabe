"""An operator's event, read strictly: an unknown member or another type is refused before the first write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from keyturn.domain.users.email import normalise_email
from keyturn.domain.users.standard_claims import check_standard_claims
from keyturn.domain.users.subject import is_subject
from keyturn.domain.users.user import User

_LOCALE = re.compile("[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")  # RFC 5646 §2.1, roughly
_MAX_ACTOR = 256


class ActionRefused(Exception):
    """The refusal that the operator gets, before any change; `details` are further members of the response."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


class OperatorEvent:
    """One event; each method raises ActionRefused with the rule."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members
        self.action = self._text("keyturn")
        self.subject = self._text("subject")
        if not is_subject(self.subject):
            raise ActionRefused("bad_request", "subject is u_ and 22 to 64 of A-Z a-z 0-9 _ -")

    def check_members(self, *optional: str) -> None:
        """Refuse unknown members: a typing error must never change the meaning."""
        if not self._members.keys() <= {"keyturn", "subject", *optional}:
            raise ActionRefused("bad_request", "the event has a member that this action does not have")

    def email(self) -> str:
        """Return the normalised address."""
        try:
            return normalise_email(self._text("email"))
        except ValueError as error:
            raise ActionRefused("bad_request", str(error)) from None

    def user(self, now: int) -> User:
        """Return the profile that the event describes, created `now`."""
        claims = self._members.get("claims", {})
        verified = self._members.get("email_verified", True)
        locale = self._optional_text("locale")
        if not isinstance(claims, Mapping) or not isinstance(verified, bool):
            raise ActionRefused("bad_request", "claims is an object, and email_verified is true or false")
        if locale is not None and not _LOCALE.fullmatch(locale):
            raise ActionRefused("bad_request", "locale is a language tag such as en or pt-BR (RFC 5646)")
        try:
            check_standard_claims(claims)
            return User(
                subject=self.subject,
                email=self._text("email"),
                name=self._optional_text("name"),
                email_verified_at=now if verified else None,
                locale=locale,
                claims=dict(claims),
                created_at=now,
                updated_at=now,
            )
        except ValueError as error:
            raise ActionRefused("bad_request", str(error)) from None

    def actor(self) -> str:
        """Return the operator's name, for the record of a revocation."""
        actor = self._optional_text("actor") or "operator"
        if len(actor) > _MAX_ACTOR or not actor.isprintable():
            raise ActionRefused("bad_request", f"actor is at most {_MAX_ACTOR} printable characters")
        return actor

    def session_id(self) -> str | None:
        """Return the session to end, or None for all of them."""
        return self._optional_text("session_id")

    def _text(self, name: str) -> str:
        value = self._optional_text(name)
        if value is None:
            raise ActionRefused("bad_request", f"{name} is missing")
        return value

    def _optional_text(self, name: str) -> str | None:
        value = self._members.get(name)
        if value is not None and (not isinstance(value, str) or not value):
            raise ActionRefused("bad_request", f"{name} is a text of one character or more")
        return value
