"""A login without a page: whoever comes is the user that a test says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.token_factory import NOW
from token_issuer.login import Authentication, LoginDemand
from token_issuer.request import Request
from token_issuer.responses import Response

USER = Authentication(
    subject="u_0123456789abcdef0123456789abcdef",
    auth_time=NOW,
    session_id="s1",
    acr="urn:keyturn:password",
    amr=("pwd",),
    claims={"tenant": "a"},
)
USER_CLAIMS = {"name": "Ada", "email": "ada@example.com", "email_verified": True, "secret": "x"}
PAGE = Response(200, "<p>Log in", {"content-type": "text/html"})


class LoginDouble:
    """A Login; `answer` is what it says, and `demands` what it was asked for."""

    def __init__(self, answer: Authentication | Response | None = USER) -> None:
        """Begin with somebody who is logged in."""
        self.answer = answer
        self.claims: Mapping[str, Any] = USER_CLAIMS
        self.demands: list[LoginDemand] = []

    def authenticate(self, _request: Request, demand: LoginDemand) -> Authentication | Response | None:
        """Return the user, the page, or None."""
        self.demands.append(demand)
        return self.answer

    def user_claims(self, _subject: str) -> Mapping[str, Any]:
        """Return the user's claims."""
        return self.claims
