"""The whole issuer on fakes: events in, HTTP answers out, and every port within reach."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from keyturn.domain.clients.client import Client, hash_secret
from keyturn.domain.errors import KeyUnusable
from keyturn.domain.keys.key_ring import KeyRing
from keyturn.domain.time.ages import Instant
from tests.fakes.http_api_event import basic, form_event, http_api_event
from tests.fakes.memory_assertions import MemoryAssertions
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.memory_grants import MemoryGrants
from tests.fakes.memory_rates import MemoryRates
from tests.fakes.memory_resource_servers import MemoryResourceServers
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, SigningKey, signing_key
from token_issuer import app
from token_issuer.bootstrap import Issuer
from token_issuer.composition import compose
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.key_ring_cache import KeyRingCache
from token_issuer.resource_server_cache import ResourceServerCache
from token_issuer.settings import IssuerSettings

TOKEN = "/oauth2/token"
REVOKE = "/oauth2/revoke"
INTROSPECT = "/oauth2/introspect"
JWKS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"
SECRET = "s3cret-of-the-demo-client"

ENVIRONMENT = {
    "ISSUER": ISSUER,
    "KEY_RING_TABLE": "rings",
    "REVOCATION_TABLE": "revocations",
    "CLIENT_TABLE": "clients",
    "GRANT_TABLE": "grants",
    "USER_TABLE": "users",
    "AUTHORITY_TABLE": "authorities",
    "SESSION_TABLE": "sessions",
    "INTERACTION_TABLE": "interactions",
    "SUCCESSOR_KEY": "arn:aws:kms:eu-central-1:123456789012:key/successors",
    "ACCESS_TOKEN_LIFETIME_SECONDS": "900",
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "LEEWAY_SECONDS": "10",
    "RING_VIEW_SECONDS": "60",
    "JWKS_MAX_AGE_SECONDS": "300",
}


def make_client(client_id: str = "web", **changes: Any) -> Client:
    """Return a client that may have tokens for AUDIENCE with two scopes, with changes."""
    fields: dict[str, Any] = {
        "client_id": client_id,
        "name": "A client",
        "secret_hashes": (hash_secret(SECRET),),
        "grant_types": frozenset({"client_credentials"}),
        "scopes": frozenset({"orders:read", "orders:write"}),
        "audiences": (AUDIENCE,),
    }
    return Client(**(fields | changes))


class StubSigner:
    """A Signer with the process's own keys; `unusable` names the kids that KMS refuses, `fault` fails every call."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = {key.kid: key for key in keys}
        self.unusable: set[str] = set()
        self.fault: Exception | None = None
        self.asked: list[str] = []

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Sign with the key that the ARN ends with."""
        kid = arn.rpartition("/")[2]
        self.asked.append(kid)
        if self.fault is not None:
            raise self.fault
        if kid in self.unusable:
            raise KeyUnusable(f"key {kid} is disabled")
        key = self.keys[kid]
        assert key.algorithm == algorithm
        return key.sign(signing_input)


class StubSuccessorKey:
    """A SuccessorKey with a secret of this process; `fault` fails every call."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self._secret = secrets.token_bytes(32)

    def mac(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message."""
        if self.fault is not None:
            raise self.fault
        return hmac.digest(self._secret, message, "sha256")


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class IssuerHarness:
    """An issuer whose every port is a fake."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        self.key = signing_key()
        self.next_key = signing_key(name="second")
        self.clients = MemoryClients(make_client())
        self.resource_servers = MemoryResourceServers()
        self.rings = StubKeyRingReader(ring_of(self.key, self.next_key))
        self.signer = StubSigner(self.key, self.next_key)
        self.revocations = MemoryRevocations()
        self.login = MemoryLogin()
        self.grants = MemoryGrants(interactions=self.login.interactions)
        self.clock = SteppedClock()
        self.wall = 5000.0
        self.monotonic = 100.0
        self.date: int | None = None  # of the last answer
        self.settings = IssuerSettings.from_environment(ENVIRONMENT | environment)
        self.view = KeyRingCache(self.rings, self.instant, max_age=self.settings.ring_view)
        self.assertions = MemoryAssertions(lambda: self.clock.seconds)
        self.rates = MemoryRates(lambda: self.clock.seconds)
        self.successor_key = StubSuccessorKey()
        self.ports = Ports(
            ring=self.view,
            signer=self.signer,
            clients=self.clients,
            resource_servers=ResourceServerCache(self.resource_servers, self.instant),
            revocations=self.revocations,
            revocation_writer=self.revocations,
            grants=self.grants,
            clock=self.clock,
            assertions=self.assertions,
            rates=self.rates,
            successor_key=self.successor_key,
        )
        self.user_ports = UserPorts(
            users=self.login.users,
            authorities=self.login.authorities,
            consents=self.login.consents,
            sessions=self.login.sessions,
            interactions=self.login.interactions,
            grants=self.grants,
        )
        self._monkeypatch = monkeypatch
        self.connect(self.ports, self.user_ports)

    def instant(self) -> Instant:
        """Return this instant by both clocks, and the Date of the last answer."""
        return Instant(self.wall, self.monotonic, date=self.date)

    def connect(self, ports: Ports, user_ports: UserPorts) -> None:
        """Compose the issuer with these ports, as a new sandbox is; what they store stays."""
        endpoints = compose(self.settings, ports, lambda: user_ports)
        self._monkeypatch.setattr(app, "bootstrap", lambda: Issuer(endpoints, prepare=lambda: None))

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""
        answer = app.lambda_handler(event, None)
        assert answer["isBase64Encoded"] is False
        return Answer(answer["statusCode"], answer["headers"], answer["body"], tuple(answer["cookies"]))

    def get(self, path: str, *, query: str = "", **headers: str) -> Answer:
        """Return the answer to a GET; underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(http_api_event("GET", path, headers=named, query=query))

    def post(self, path: str, *, client_id: str = "web", secret: str = SECRET, **parameters: str) -> Answer:
        """Return the answer to a form from an authenticated client."""
        return self.send(form_event(path, parameters, headers=basic(client_id, secret)))

    def issue(self, client_id: str = "web", **parameters: str) -> str:
        """Return a token that the client was just given."""
        answer = self.post(TOKEN, client_id=client_id, grant_type="client_credentials", **parameters)
        assert answer.status == 200, answer.body
        token = answer.json["access_token"]
        assert isinstance(token, str)
        return token

    def is_active(self, token: str, client_id: str = "web") -> bool:
        """Return whether introspection says active."""
        answer = self.post(INTROSPECT, client_id=client_id, token=token)
        assert answer.status == 200
        return answer.json["active"] is True

    def rotate(self, ring: KeyRing | None = None) -> None:
        """Make the standby the active key; the issuer's cached key ring is older."""
        self.rings.ring = ring or ring_of(self.next_key, self.key)
