"""A user's flow through the whole issuer on fakes: authorize, redeem, refresh."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from keyturn.domain.client import Client
from keyturn.domain.grant_credentials import parse_refresh_token
from keyturn.domain.pkce import challenge_of
from keyturn.jose import KeySet
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.issuer_harness import JWKS, SECRET, TOKEN, Answer, IssuerHarness, make_client
from tests.fakes.login_double import LoginDouble
from tests.fakes.token_factory import ISSUER

AUTHORIZE = "/oauth2/authorize"
USERINFO = "/oauth2/userinfo"
REDIRECT_URI = "https://app.example/callback"
VERIFIER = "v" * 43
SCOPES = frozenset({"openid", "email", "orders:read", "orders:write"})


def user_client(client_id: str = "app", **changes: Any) -> Client:
    """Return a client that users may allow something, with changes."""
    fields: dict[str, Any] = {
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "redirect_uris": (REDIRECT_URI,),
        "scopes": SCOPES,
        "refresh_idle": 5000,
        "refresh_lifetime": 20_000,
    }
    return make_client(client_id, **(fields | changes))


class UserFlow(IssuerHarness):
    """An issuer with a login, a client of its users, and another client."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        self.user_login = LoginDouble()
        super().__init__(monkeypatch, self.user_login, **environment)
        for client in (user_client(), user_client("other")):
            self.clients.add(client)

    def authorize(self, **changes: str | None) -> Answer:
        """Return the answer to a good authorization request, with changes; None leaves a parameter out."""
        return self.get(AUTHORIZE, query=urlencode(authorization_request(**changes)))

    def get_code(self, **changes: str | None) -> str:
        """Return a code."""
        return answer_of(self.authorize(**changes))["code"]

    def redeem(self, code: str, *, client_id: str = "app", **changes: str) -> Answer:
        """Return the answer to the use of a code, with changes."""
        parameters = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return self.post(
            TOKEN, client_id=client_id, secret=SECRET, **(parameters | {"code_verifier": VERIFIER} | changes)
        )

    def refresh(self, token: str, *, client_id: str = "app", **changes: str) -> Answer:
        """Return the answer to the use of a refresh token, with changes."""
        return self.post(TOKEN, client_id=client_id, grant_type="refresh_token", refresh_token=token, **changes)

    def log_in(self, **changes: str | None) -> dict[str, Any]:
        """Return the tokens of a whole flow."""
        answer = self.redeem(self.get_code(**changes))
        assert answer.status == 200, answer.body
        tokens: dict[str, Any] = answer.json
        return tokens


class Browser:
    """A browser: it keeps cookies, and posts the form that it was shown last."""

    def __init__(self, flow: UserFlow) -> None:
        """Begin without cookies."""
        self._flow = flow
        self.cookies: dict[str, str] = {}
        self.fields: dict[str, str] = {}

    def open(self, **changes: str | None) -> Answer:
        """Return the answer to an authorization request."""
        return self._send(http_api_event("GET", AUTHORIZE, query=urlencode(authorization_request(**changes))))

    def post(self, **changes: str | None) -> Answer:
        """Return the answer to the form, filled in, with changes; None leaves a field out."""
        fields: dict[str, str | None] = {**self.fields, "password": "of the user", **changes}
        return self._send(form_event(AUTHORIZE, {name: each for name, each in fields.items() if each is not None}))

    def _send(self, event: dict[str, Any]) -> Answer:
        shown = len(self._flow.user_login.forms)
        answer = self._flow.send(event | {"cookies": [f"{name}={value}" for name, value in self.cookies.items()]})
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if len(self._flow.user_login.forms) > shown:
            self.fields = dict(self._flow.user_login.forms[-1].hidden)
        return answer


def authorization_request(**changes: str | None) -> dict[str, str]:
    """Return the parameters of a good authorization request, with changes."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid email orders:read",
        "state": "s&t=1",
        "nonce": "n-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (parameters | changes).items() if value is not None}


def answer_of(answer: Answer) -> dict[str, str]:
    """Return what a redirect tells the client; its iss is the issuer (R35)."""
    assert answer.status == 303, (answer.status, answer.body)
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}?")
    told = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
    assert told.pop("iss") == ISSUER
    return told


def error_of(answer: Answer) -> tuple[int, str]:
    """Return the status and the error code of a refusal."""
    return answer.status, answer.json["error"]


def gid_of(token: str) -> str:
    """Return the grant's id of a refresh token."""
    parsed = parse_refresh_token(token)
    assert parsed is not None
    return parsed.gid


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def keys(flow: UserFlow) -> KeySet:
    """Return the keys that the issuer publishes."""
    return KeySet.from_jwks(flow.get(JWKS).json)
