"""The authorizer on fakes, at a time that tests set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer import app
from authorizer.access_rules_cache import AccessRulesCache, RulesDocument
from authorizer.allow_log import AllowLog
from authorizer.authorize import Authorizer
from authorizer.bootstrap import AuthorizerFunction
from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.request import AuthorizerRequest, parse_request
from authorizer.revocation_bound import RevocationBound
from keyturn.domain.access.stack_audiences import REQUIRED, StackAudiences
from keyturn.domain.revocations.revocation import Revocation
from keyturn.jose import VerifiedAccessToken
from tests.fakes import token_factory
from tests.fakes.authorizer_events import API_ID, authorizer_event
from tests.fakes.log_lines import log_lines
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of

ROUTES = {
    "GET /reports": ["reports:read"],
    "GET /reports/{id}": ["reports:read", "reports:one"],
    "GET /me": [],
    "GET /staff": {"scopes": [], "claims": {"department": "it"}},
    "POST /reports": ["reports:write"],
    "$default": ["reports:read"],
    "$connect": ["reports:read"],
}


class AuthorizerWorld:
    """An authorizer, what it reads, its time, and the lines that it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.now = float(token_factory.NOW)
        self.ring = StubKeyRingReader(ring_of())
        self.revocations = MemoryRevocations()
        self._capsys = capsys
        self.allow_log = AllowLog(100)
        self.audiences = StackAudiences([token_factory.AUDIENCE], REQUIRED)
        self.policy = token_factory.policy()
        self.document: dict[str, Any] | None = None
        self.time = sandbox_time(lambda: self.now)
        self.metrics = Metrics("authorizer", self.time)
        self.authorizer = self.build("simple")

    def revoke(self, *revocations: Revocation) -> None:
        """Let these revocations be the ones that are stored."""
        self.revocations = MemoryRevocations(*revocations)
        self.authorizer = self.build("simple")

    def build(self, answer: str) -> Authorizer:
        """Return an authorizer whose API wants this answer, or with the document that was set."""
        document = json.dumps(self.document or {"apis": {API_ID: {"answer": answer, "routes": ROUTES}}})
        return Authorizer(
            KeyRingCache(self.ring, RevocationBound(10, self.time, self.metrics)),
            self.revocations,
            self.policy,
            AccessRulesCache(RulesDocument(lambda: document, "ACCESS_RULES"), self.time, self.metrics, self.audiences),
            self.time,
        )

    def authorize(self, request: AuthorizerRequest) -> VerifiedAccessToken:
        """Decide about a request, by the rules of its API."""
        return self.authorizer.authorize(request, self.authorizer.begin(request))

    def begin(self) -> None:
        """Begin a decision, which takes the present time."""
        self.authorizer.begin(parse_request(authorizer_event("http_2.0", "t")))

    def bootstrap(self) -> AuthorizerFunction:
        """Return the function, as the handler's own bootstrap does."""
        return AuthorizerFunction(self.authorizer, self.metrics, self.allow_log)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged since the last call."""
        return log_lines(self._capsys.readouterr().out)


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> AuthorizerWorld:
    world = AuthorizerWorld(capsys)
    monkeypatch.setattr(app, "bootstrap", world.bootstrap)
    return world


@pytest.fixture
def token() -> str:
    """Return a good token that opens GET /reports."""
    return token_factory.make_token(claims={"scope": "reports:read extra"})
