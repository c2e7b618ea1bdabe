"""A login without users: whoever comes is the user that a test says, and so is whoever posts a form that is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyturn.web.form import Form
from keyturn.web.request import Request
from keyturn.web.responses import Response
from tests.fakes.token_factory import NOW
from token_issuer.login import Authentication, LoginDemand, LoginForm

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
NEXT_PAGE = Response(401, "<p>Wrong", {"content-type": "text/html"})


class LoginDouble:
    """A Login. `user` is logged in already, `page` is shown else, `answer` is what a form that was read gives.

    `demands` is what it was asked for, `forms` what its pages had to carry, `read` the forms that it was given to read.
    """

    def __init__(self) -> None:
        """Begin with somebody who is logged in."""
        self.user: Authentication | None = USER
        self.page: Response = PAGE
        self.answer: Authentication | Response = USER
        self.claims: Mapping[str, Any] = USER_CLAIMS
        self.demands: list[LoginDemand] = []
        self.forms: list[LoginForm] = []
        self.read: list[Form] = []

    def recognize(self, _request: Request, demand: LoginDemand) -> Authentication | None:
        """Return the user who is logged in."""
        self.demands.append(demand)
        return self.user

    def show(self, _request: Request, demand: LoginDemand, form: LoginForm) -> Response:
        """Return the page."""
        self.demands.append(demand)
        self.forms.append(form)
        return self.page

    def authenticate(
        self, _request: Request, answers: Form, demand: LoginDemand, form: LoginForm
    ) -> Authentication | Response:
        """Return what the form proves."""
        self.demands.append(demand)
        self.forms.append(form)
        self.read.append(answers)
        return self.answer

    def user_claims(self, _subject: str) -> Mapping[str, Any]:
        """Return the user's claims."""
        return self.claims
