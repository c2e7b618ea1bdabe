"""What the authorization endpoint needs of a login: who the user is, and the page that asks.

A port of the issuer's own, since it speaks HTTP. Without one the issuer has neither an authorization endpoint nor the
grants that begin there. The endpoint decides when a page is shown, and that nothing is read which another site made
the browser post; the login knows the users, and what its page looks like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from keyturn.domain.custom_claims import check_claims
from keyturn.jose.claims import is_identifier
from keyturn.web.form import Form
from keyturn.web.request import Request
from keyturn.web.responses import Response

# At least 128 bits after what no client id begins with (R17, RFC 9700 §4.15).
_SUBJECT = re.compile("u_[A-Za-z0-9_-]{22,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who authenticated, when and how; `auth_time` is service time in whole seconds, after every cut of the user.

    It is not ahead of the present: the next cut would miss it. A login that comes in the second of a cut waits (ADR 5).
    `subject` is `u_` and 22 to 64 of A-Z a-z 0-9 _ -. `session_id` (sid) names the user's session; `claims` are values
    of custom claims for resource servers, such as a client's registration takes; `cookies` what the browser is to keep.
    Another subject, other claims, and a session id that no token can have, raise ValueError.
    """

    subject: str
    auth_time: int
    session_id: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a subject that a client could have as well, and what no verifier takes or no grant keeps as it is."""
        if not _SUBJECT.fullmatch(self.subject):
            raise ValueError("a user's subject is u_ and 22 to 64 of A-Z a-z 0-9 _ -")
        if self.session_id is not None and not is_identifier(self.session_id):
            raise ValueError("a session id is 1 to 256 printable characters")
        check_claims(self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDemand:
    """Who is to log in, for whom (OIDC Core §3.1.2.1); `subject` is the user that an id_token_hint names."""

    client_name: str
    login_hint: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginForm:
    """What the form of a login's page is: posted to the path `action`, with the hidden fields beside the login's own.

    `notice` is a sentence to show above it, or None.
    """

    action: str
    hidden: Mapping[str, str]
    notice: str | None = None


class Login(Protocol):
    """Whoever knows the users."""

    def recognize(self, request: Request, demand: LoginDemand, /) -> Authentication | None:
        """Return who is logged in already, by the session that the browser brought."""

    def show(self, request: Request, demand: LoginDemand, form: LoginForm, /) -> Response:
        """Return the page that asks who the user is."""

    def authenticate(
        self, request: Request, answers: Form, demand: LoginDemand, form: LoginForm, /
    ) -> Authentication | Response:
        """Return the user whom the posted form proves, or the next page; called only for a form of this browser's."""

    def user_claims(self, subject: str, /) -> Mapping[str, Any]:
        """Return the user's standard claims (OIDC Core §5.1); empty for one who is gone."""
