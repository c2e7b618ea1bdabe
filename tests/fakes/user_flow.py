"""A user's flow through the whole issuer on fakes: authorize, redeem, refresh; the login's marks come from here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant_credentials import parse_refresh_token
from keyturn.domain.grants.pkce import challenge_of
from keyturn.domain.interactions.interaction import ConsentMark, Interaction, hash_interaction_id
from keyturn.domain.sessions.session import Session, hash_cookie
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.user import User
from keyturn.jose import KeySet
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.issuer_harness import JWKS, SECRET, TOKEN, Answer, IssuerHarness, make_client
from tests.fakes.token_factory import ISSUER, NOW

AUTHORIZE = "/oauth2/authorize"
LOGIN = "/login"
USERINFO = "/oauth2/userinfo"
REDIRECT_URI = "https://app.example/callback"
NATIVE_URI = "http://127.0.0.1/cb"
THIRD = {"client_id": "third", "redirect_uri": NATIVE_URI}
VERIFIER = "v" * 43
SCOPES = frozenset({"openid", "email", "orders:read", "orders:write"})
SUBJECT = "u_0123456789abcdef0123456789abcdef"
OTHER_SUBJECT = "u_ffffffffffffffffffffffffffffffff"
SESSION_VALUE = "S" * 43
BROWSER_VALUE = "B" * 43
SESSION_COOKIE = "__Host-keyturn-session"
BROWSER_COOKIE = "__Host-keyturn-browser"
ACR = "urn:keyturn:password"


def user_client(client_id: str = "app", **changes: Any) -> Client:
    """Return a client of the operator's own that users may allow something, with changes."""
    fields: dict[str, Any] = {
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "redirect_uris": (REDIRECT_URI,),
        "scopes": SCOPES,
        "refresh_idle": 5000,
        "refresh_lifetime": 20_000,
        "first_party": True,
    }
    return make_client(client_id, **(fields | changes))


def make_session(value: str = SESSION_VALUE, **changes: Any) -> Session:
    """Return a session of the user that began this moment, with changes."""
    fields: dict[str, Any] = {
        "key_hash": hash_cookie(value),
        "session_id": "s1",
        "subject": SUBJECT,
        "auth_time": NOW,
        "created_at": NOW,
        "last_used_at": NOW,
        "idle_seconds": 43_200,
        "expires_at": NOW + 604_800,
        "acr": ACR,
        "amr": ("pwd",),
    }
    return Session(**(fields | changes))


class Browser:
    """A browser: it keeps cookies, and follows no redirect by itself."""

    def __init__(self, flow: UserFlow) -> None:
        self._flow = flow
        self.cookies: dict[str, str] = {}

    def open(self, **changes: str | None) -> Answer:
        """Return the answer to an authorization request."""
        return self.send(http_api_event("GET", AUTHORIZE, query=urlencode(authorization_request(**changes))))

    def resume(self, interaction_id: str) -> Answer:
        """Return the answer to the way back from the login."""
        return self.send(http_api_event("GET", AUTHORIZE, query=urlencode({"interaction": interaction_id})))

    def post(self, path: str = AUTHORIZE, **fields: str) -> Answer:
        """Return the answer to a form."""
        return self.send(form_event(path, fields))

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event with the cookies, and keep those that it sets."""
        sent = [f"{name}={value}" for name, value in self.cookies.items()]
        answer = self._flow.send({**event, "cookies": sent}, signed_in=False)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


class UserFlow(IssuerHarness):
    """An issuer, a client of its users, another client, and a browser in which the user is signed in.

    `browser` is that browser: what `get`, `post` and `send` send to the authorization endpoint has its cookies.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        super().__init__(monkeypatch, **environment)
        for client in (user_client(), user_client("other")):
            self.clients.add(client)
        for subject, name in ((SUBJECT, "Ada"), (OTHER_SUBJECT, "Grace")):
            self.login.authorities.stored[subject] = Authority(
                subject=subject, status=Status.ACTIVE, claims={"tenant": "a"}
            )
            email = f"{name.lower()}@example.com"
            self.login.users.stored[subject] = User(
                subject=subject, email=email, name=name, email_verified_at=NOW - 9, updated_at=NOW - 5
            )
        self.browser = Browser(self)
        self.sign_in(self.browser)

    def send(self, event: dict[str, Any], *, signed_in: bool = True) -> Answer:
        """Return the answer to an event; the authorization endpoint gets the cookies of `browser`."""
        if signed_in and event["rawPath"] == AUTHORIZE and "cookies" not in event:
            return self.browser.send(event)
        return super().send(event)

    def sign_in(self, browser: Browser, value: str = SESSION_VALUE, **changes: Any) -> Session:
        """Give the browser a new session of the user, with changes, in the place of any other."""
        session = make_session(value, **changes)
        self.login.sessions.stored[session.key_hash] = session
        browser.cookies[SESSION_COOKIE] = value
        return session

    def sign_out(self, browser: Browser | None = None) -> None:
        """Forget the browser's session."""
        (browser or self.browser).cookies.pop(SESSION_COOKIE, None)

    def interaction(self, interaction_id: str) -> Interaction:
        """Return the stored interaction."""
        return self.login.interactions.stored[hash_interaction_id(interaction_id)]

    def authenticate(self, interaction_id: str, browser: Browser, value: str = SESSION_VALUE, **changes: Any) -> None:
        """Do what the login does for a password: a session, and its mark in the interaction."""
        session = self.sign_in(browser, value, **changes)
        self.mark(
            interaction_id,
            session_id=session.session_id,
            authenticated_at=session.auth_time,
            consented=None,
            confirmed_at=None,
        )

    def consent(self, interaction_id: str, at: int = NOW, subject: str = SUBJECT) -> None:
        """Do what the login does where the user allows the client: the mark, and the consent."""
        opened = self.interaction(interaction_id)
        mark = ConsentMark(scope=opened.scope, resource=opened.resource, at=at)
        self.mark(interaction_id, consented=mark)
        consent = Consent(
            subject=subject, client_id=opened.client_id, scope=opened.scope, resource=opened.resource, at=at
        )
        self.login.consents.stored[subject, opened.client_id] = consent

    def confirm(self, interaction_id: str, at: int = NOW) -> None:
        """Do what the login does where the user confirms a native client."""
        self.mark(interaction_id, confirmed_at=at)

    def mark(self, interaction_id: str, **changes: Any) -> None:
        """Change the stored interaction."""
        opened = self.interaction(interaction_id)
        self.login.interactions.stored[opened.key_hash] = replace(opened, **changes)

    def authorize(self, **changes: str | None) -> Answer:
        """Return the answer to a good authorization request, with changes; None leaves a parameter out."""
        return self.browser.open(**changes)

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


def answer_of(answer: Answer, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """Return the parameters of a redirect to the client; its iss is the issuer (R35)."""
    assert answer.status == 303, (answer.status, answer.body)
    location = answer.headers["location"]
    assert location.startswith(f"{redirect_uri}?"), location
    answered = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
    assert answered.pop("iss") == ISSUER
    return answered


def interaction_of(answer: Answer, path: str = LOGIN) -> str:
    """Return the id of the interaction that a redirect to the login, or to the endpoint itself, names."""
    assert answer.status == 303, (answer.status, answer.body)
    there, _, query = answer.headers["location"].partition("?")
    assert there == path, answer.headers["location"]
    [(name, value)] = parse_qsl(query, strict_parsing=True)
    assert name == "interaction"
    return value


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


def third_party_flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    """Return an issuer with one more client, of a third party and with a native redirect URI: THIRD."""
    flow = UserFlow(monkeypatch)
    flow.clients.add(user_client("third", first_party=False, redirect_uris=(REDIRECT_URI, NATIVE_URI)))
    return flow


def offers_to_begin_again(answer: Answer) -> bool:
    """Return whether the answer is the page that offers to begin the request again, and no more."""
    return answer.status == 400 and "begin_again" in answer.body and "location" not in answer.headers
