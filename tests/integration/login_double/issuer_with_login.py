"""The issuer with a login that asks for a name alone, and not even for that where the client's login_hint has one.

Tests put it into the embedded stack in the place of the issuer; no template has it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from typing import Any

from keyturn.adapters.system_clock import wall_seconds
from keyturn.web.cookie import Cookie
from keyturn.web.form import Form
from keyturn.web.request import Request
from keyturn.web.responses import Response
from token_issuer import app
from token_issuer.bootstrap import compose, connect
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.login import Authentication, LoginDemand, LoginForm
from token_issuer.settings import Settings


class AnyUser:
    """A Login that lets everybody in by name: whom a hint names, or the browser's session, is logged in already."""

    def __init__(self, *, secure: bool) -> None:
        """Take whether the issuer has TLS."""
        self._session = Cookie("any-user", secure=secure)

    def recognize(self, request: Request, demand: LoginDemand) -> Authentication | None:
        """Return the user of the hint, or of the session, who logged in a minute ago."""
        name = demand.login_hint or self._session.read(request)
        return None if name is None else _user(name, age=60)

    def show(self, _request: Request, demand: LoginDemand, form: LoginForm) -> Response:
        """Return a page that asks for the name."""
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in form.hidden.items()
        )
        body = (
            f'<!doctype html><html lang="en"><title>Log in to {escape(demand.client_name)}</title>'
            f'<p>{escape(form.notice or "")}<form method="post" action="{escape(form.action)}">{hidden}'
            f'<label>Name <input name="user" value="{escape(demand.login_hint or "")}" required></label>'
            "<button>Log in</button></form></html>"
        )
        return Response(200, body, {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"})

    def authenticate(
        self, request: Request, answers: Form, demand: LoginDemand, form: LoginForm
    ) -> Authentication | Response:
        """Return the user of that name, and a session; without a name the page again."""
        name = answers.get("user")
        if name is None:
            return self.show(request, demand, form)._replace(status=401)
        return replace(_user(name, age=0), cookies=(self._session.write(name),))

    def user_claims(self, subject: str) -> Mapping[str, Any]:
        """Return an address for everybody."""
        return {"email": f"{subject}@example.com", "email_verified": True}


def _user(name: str, *, age: int) -> Authentication:
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return Authentication(
        subject=f"u_{digest}",
        auth_time=int(wall_seconds()) - age,
        session_id=f"s_{digest}",
        acr="urn:example:hint",
        amr=("user",),
    )


@cache
def bootstrap() -> Mapping[str, Endpoint]:
    """Return the endpoints that the environment describes, and those that a login adds."""
    settings = Settings.from_environment(os.environ)
    login = AnyUser(secure=settings.issuer.startswith("https:"))
    return compose(settings, connect(settings)._replace(login=login))


app.bootstrap = bootstrap  # type: ignore[attr-defined]  # in the place of the one that it imports
lambda_handler = app.lambda_handler
