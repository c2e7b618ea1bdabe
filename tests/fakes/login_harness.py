"""The whole login on fakes: events in, HTTP answers out, every port within reach, and browsers that keep cookies."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from keyturn.domain.clients.client import Client
from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.domain.interactions.interaction import INTERACTION_LIFETIME, Demand, Interaction, hash_interaction_id
from keyturn.domain.sessions.session import Session, hash_cookie
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.email import normalise_email
from keyturn.domain.users.subject import new_subject
from keyturn.domain.users.user import User
from login import app, password_hash
from login.composition import compose
from login.password_hash import PasswordHash
from login.settings import LoginSettings
from login.use_cases import Ports
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.issuer_harness import Answer, make_client
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.memory_credentials import PEPPER_KEY
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, signing_key

EMAIL = "Ada@Example.org"
PASSWORD = "a long phrase that nobody guesses"
OTHER_EMAIL = "eve@example.org"
OTHER_PASSWORD = "another phrase that nobody guesses"
CLIENT_ID = "app"
REDIRECT_URI = "https://app.example/callback"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0"

ENVIRONMENT = {
    "ISSUER": ISSUER,
    "KEY_RING_TABLE": "rings",
    "REVOCATION_TABLE": "revocations",
    "CLIENT_TABLE": "clients",
    "USER_TABLE": "users",
    "AUTHORITY_TABLE": "authorities",
    "CREDENTIAL_TABLE": "credentials",
    "SESSION_TABLE": "sessions",
    "INTERACTION_TABLE": "interactions",
    "PEPPER_KEY": PEPPER_KEY,
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "LEEWAY_SECONDS": "10",
    "SESSION_IDLE_SECONDS": "43200",
    "SESSION_LIFETIME_SECONDS": "604800",
    "ARGON2_MEMORY_KIB": "7168",
    "ARGON2_ITERATIONS": "1",
    "ARGON2_LANES": "1",
    "SIGN_INS_PER_ACCOUNT": "10",
    "SIGN_INS_PER_DEVICE": "10",
    "SIGN_INS_PER_ADDRESS": "100",
    "SIGN_IN_WINDOW_SECONDS": "900",
}


class FastHash:
    """Stands in for Argon2id: thousands of sign-ins need no cost."""

    def __init__(self, *, salt: bytes, **_parameters: int) -> None:
        self._salt = salt

    def derive(self, password: bytes) -> bytes:
        """Return a hash of salt and password."""
        return hashlib.sha256(self._salt + password).digest()


class LoginHarness:
    """A login whose every port is a fake, with one client, and one user who has a password."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        self.stores = MemoryLogin()
        self.clients = MemoryClients(login_client())
        self.revocations = MemoryRevocations()
        self.clock = SteppedClock()
        self.rings = StubKeyRingReader(ring_of(signing_key()))
        self.settings = LoginSettings.from_environment(ENVIRONMENT | environment)
        stores = self.stores
        self.ports = stores.ports(
            clock=self.clock, rings=self.rings, clients=self.clients, revocations=self.revocations
        )
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(password_hash, "Argon2id", FastHash)
        self.connect(self.ports)
        self.subject = self.add_user(EMAIL, PASSWORD)

    @property
    def now(self) -> int:
        """The present in whole seconds."""
        return int(self.clock.seconds)

    def connect(self, ports: Ports) -> None:
        """Compose the login over these ports, as a new sandbox does; the stored items stay."""
        login = compose(self.settings, ports)
        self._monkeypatch.setattr(app, "bootstrap", lambda: login)

    def add_user(self, email: str, password: str | None, *, name: str | None = "Ada Lovelace") -> str:
        """Store a user who may sign in, and return the subject."""
        subject = new_subject(secrets.token_bytes(16))
        normalised = normalise_email(email)
        self.stores.users.create(User(subject=subject, email=email, name=name), email=normalised)
        self.stores.authorities.create(Authority(subject=subject, status=Status.ACTIVE))
        if password is not None:
            hashes = PasswordHash(self.stores.pepper, Argon2Parameters(memory=7168), secrets.token_bytes)
            self.stores.passwords.stored[subject] = hashes.create(
                subject, password, changed_at=self.now - 1000, revision=0
            )
        return subject

    def browser(self, **cookies: str) -> LoginBrowser:
        """Return a browser with the cookie that the issuer gave it, or with these."""
        return LoginBrowser(self, cookies or {"__Host-keyturn-browser": secrets.token_urlsafe(32)})

    def signed_in(self, email: str = EMAIL, password: str = PASSWORD) -> LoginBrowser:
        """Return a browser in which the user is signed in."""
        browser = self.browser()
        browser.get("/login")
        answer = browser.submit("/login/password", email=email, password=password)
        assert answer.status == 303, answer.body
        return browser

    def begin(self, browser: LoginBrowser, *demands: Demand, **changes: Any) -> str:
        """Store an interaction of the browser as the issuer does, and return its id."""
        interaction_id = secrets.token_urlsafe(16)
        fields: dict[str, Any] = {
            "key_hash": hash_interaction_id(interaction_id),
            "client_id": CLIENT_ID,
            "request": {"redirect_uri": REDIRECT_URI, "scope": "openid orders:read"},
            "scope": frozenset({"openid", "orders:read"}),
            "resource": AUDIENCE,
            "demands": frozenset(demands or {Demand.AUTHENTICATE}),
            "created_at": self.now,
            "expires_at": self.now + INTERACTION_LIFETIME,
            "browser_hash": hash_cookie(browser.cookies["__Host-keyturn-browser"]),
        }
        self.stores.interactions.create(Interaction(**(fields | changes)))
        return interaction_id

    def interaction(self, interaction_id: str) -> Interaction:
        """Return the stored interaction."""
        return self.stores.interactions.stored[hash_interaction_id(interaction_id)]

    def session_of(self, browser: LoginBrowser) -> Session | None:
        """Return the stored session of the browser's cookie."""
        return self.stores.sessions.stored.get(hash_cookie(browser.cookies.get("__Host-keyturn-session", "")))

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""
        return send_event(event)

    def items(self) -> dict[str, Any]:
        """Return a copy of everything that is stored, to see whether something changed."""
        stores = self.stores
        return {
            "users": dict(stores.users.stored),
            "authorities": dict(stores.authorities.stored),
            "consents": dict(stores.consents.stored),
            "sessions": dict(stores.sessions.stored),
            "interactions": dict(stores.interactions.stored),
            "passwords": dict(stores.passwords.stored),
            "links": dict(stores.passwords.links),
            "known_browsers": dict(stores.known_browsers.stored),
            "revocations": list(self.revocations.writes),
        }


def send_event(event: dict[str, Any]) -> Answer:
    """Return the answer of the Lambda function to an event of the HTTP API."""
    answer = app.lambda_handler(event, None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"], tuple(answer["cookies"]))


class Sender(Protocol):
    """A login that takes events."""

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""


class LoginBrowser:
    """A browser: keeps cookies, remembers the forms of the last page, and submits them."""

    def __init__(self, login: Sender, cookies: Mapping[str, str]) -> None:
        self._login = login
        self.cookies = dict(cookies)
        self.forms: dict[str, dict[str, str]] = {}
        self.agent = FIREFOX

    def copy(self) -> LoginBrowser:
        """Return another tab: the same cookies so far, and no page yet."""
        return LoginBrowser(self._login, self.cookies)

    def get(self, path: str, **query: str) -> Answer:
        """Return the answer to a GET."""
        return self._send(http_api_event("GET", path, query=urlencode(query), headers={"user-agent": self.agent}))

    def submit(self, action: str, **fields: str) -> Answer:
        """Return the answer to the form of the last page with this action, filled in; its hidden fields go along."""
        return self.post(action, **(self.forms[action] | fields))

    def post(self, action: str, **fields: str) -> Answer:
        """Return the answer to a form of these fields alone."""
        return self._send(form_event(action, fields, headers={"user-agent": self.agent}))

    def follow(self, answer: Answer) -> Answer:
        """Return the answer to the redirect within this host."""
        assert answer.status == 303, (answer.status, answer.body)
        target = urlsplit(answer.headers["location"])
        return self.get(target.path, **dict(parse_qsl(target.query)))

    def send_raw(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event, with this browser's cookies."""
        return self._send(event)

    def _send(self, event: dict[str, Any]) -> Answer:
        answer = self._login.send(event | {"cookies": [f"{name}={value}" for name, value in self.cookies.items()]})
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in cookie:
                self.cookies[name] = value
        reader = _Forms()
        reader.feed(answer.body)
        self.forms = reader.forms or self.forms
        return answer


class _Forms(HTMLParser):
    """Collects the hidden fields of a page's forms by their action; of several with one action the first counts."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, or take a hidden field of it."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.forms.setdefault(values["action"], {})
        elif tag == "input" and values.get("type") == "hidden":
            self._open[values["name"]] = values["value"]


def login_client(client_id: str = CLIENT_ID, **changes: Any) -> Client:
    """Return a client of users that needs consent, with changes."""
    fields: dict[str, Any] = {
        "name": "The Application",
        "grant_types": frozenset({"authorization_code"}),
        "redirect_uris": (REDIRECT_URI,),
        "scopes": frozenset({"openid", "email", "orders:read", "orders:write"}),
    }
    return make_client(client_id, **(fields | changes))
