"""The service of docs/verifying-service.md, run as it is written there against the issuer over HTTP."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import keyturn.verifier
from keyturn.domain.time.ages import Instant
from keyturn.verifier import Introspection, JwksUnavailable, JwksVerifier, TokenError, TokenErrorReason
from tests.fakes.issuer_harness import JWKS, REVOKE, SECRET, IssuerHarness, make_client
from tests.fakes.jwks_site import PATIENCE
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, NOW, SigningKey, make_token, signing_key
from tests.fakes.wsgi_issuer import wsgi_issuer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verifying-service.md").read_text()
README = (ROOT / "README.md").read_text()
TEMPLATE_DEFAULTS = {"RingViewSeconds": 60, "JwksMaxAgeSeconds": 300, "VerifierCacheSeconds": 7200}
COMPROMISE_BOUND = 360  # "within 6 minutes"
LEAD = 7200 + 300 + 60 + 10  # M + A + G + S: a key is published for that long before it signs
STEP = 90
SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


class QuietHandler(WSGIRequestHandler):
    """Serves without a line on standard error."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing."""


class World:
    """An issuer with an HTTP server, the service that a page shows, and one time for both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, page: str = PAGE) -> None:
        self.server = make_server("127.0.0.1", 0, self._answer, handler_class=QuietHandler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.issuer = IssuerHarness(monkeypatch, ISSUER=self.url, AWS_ENDPOINT_URL="http://127.0.0.1:4566")
        self.keys = [signing_key("RS256", f"key {number}") for number in range(6)]
        self.issuer.signer.keys = {key.kid: key for key in self.keys}
        self.is_away = False
        self.reads = 0
        self.seconds = float(NOW)
        self.publish(0, 1)
        with monkeypatch.context() as patched:
            patient = functools.partial(JwksVerifier, clock=self.clock, timeout_seconds=PATIENCE)
            patched.setattr(keyturn.verifier, "JwksVerifier", patient)
            self.verifier = self._run_snippet(page)

    def clock(self) -> Instant:
        """Return the present of the service."""
        return Instant(self.seconds, self.seconds)

    def publish(self, *numbers: int) -> None:
        """Let the first key sign, and publish the others with it."""
        self.issuer.rings.ring = ring_of(*(self.keys[number] for number in numbers))

    def wait(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.seconds += seconds
        self.issuer.clock.seconds = self.seconds
        self.issuer.wall += seconds
        self.issuer.monotonic += seconds

    def token(self, key: SigningKey | None = None) -> str:
        """Return a token for 15 minutes, of the key that signs now or of a named one."""
        if key is None:
            return self.issuer.issue()
        issued_at = int(self.seconds)
        return make_token(key=key, claims={"iss": self.url, "iat": issued_at, "exp": issued_at + 900})

    def accepts(self, raw: str) -> bool:
        """Return whether the service accepts a token; a refusal raises TokenError alone."""
        try:
            self.verifier.verify(raw)
        except TokenError:
            return False
        return True

    def _run_snippet(self, page: str) -> JwksVerifier:
        source = SNIPPET.findall(page)[0]
        assert source.count("https://auth.example.com") == source.count("https://api.example.com") == 1
        source = source.replace("https://auth.example.com", self.url).replace("https://api.example.com", AUDIENCE)
        service: dict[str, Any] = {"raw": "a.b.c"}
        with pytest.raises(TokenError):
            exec(compile(source, "verifying-service.md", "exec"), service)  # the document is the program under test
        verifier: JwksVerifier = service["verifier"]
        return verifier

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        self.reads += environ["PATH_INFO"] == JWKS
        if self.is_away:
            start_response("503 Service Unavailable", [("content-length", "0")])
            return []
        return wsgi_issuer(environ, start_response)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[World]:
    """Return a world whose server runs, with the service of the page, or of another text by `param`."""
    world = World(monkeypatch, getattr(request, "param", PAGE))
    thread = threading.Thread(target=world.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield world
    world.server.shutdown()
    thread.join()
    world.server.server_close()


def live_through(world: World, seconds: int) -> None:
    """Let time pass with a token in each step: each is accepted in every step until it expires."""
    tokens: list[tuple[float, str]] = []
    for _ in range(seconds // STEP + 1):
        tokens = [(expires_at, raw) for expires_at, raw in tokens if expires_at > world.seconds]
        tokens.append((world.seconds + 900, world.token()))
        assert all(world.accepts(raw) for _, raw in tokens)
        world.wait(STEP)


def test_three_rotations(world: World) -> None:
    """I1, I2: every live token of every key is accepted throughout, until all keys of the start are gone."""
    for number in range(1, 5):
        live_through(world, LEAD)
        world.publish(number, number - 1, number + 1)
        live_through(world, LEAD)
        world.publish(number, number + 1)
    assert not world.accepts(world.token(world.keys[0]))


@pytest.mark.parametrize("world", [PAGE, README], indirect=True, ids=["page", "README"])
def test_a_compromise(world: World) -> None:
    """I8: tokens of a compromised key are refused within the bound that the page states, and for good."""
    live_through(world, STEP)
    stolen, before = world.keys[0], world.token()
    world.wait(30)
    assert world.accepts(before)
    world.publish(1, 2)
    compromised_at = world.seconds
    while world.seconds < compromised_at + COMPROMISE_BOUND:
        world.accepts(before)
        assert world.accepts(world.token(world.keys[1]))
        world.wait(5)
    for _ in range(40):
        assert not world.accepts(before)
        assert not world.accepts(world.token(stolen))
        assert world.accepts(world.token())
        world.wait(STEP)


def test_a_sandbox_that_was_frozen_through_a_compromise(world: World) -> None:
    """I8: a service that stood still reads the keys before it decides again, however short its work was."""
    assert world.accepts(world.token())
    world.publish(1, 2)
    world.wait(86_400)
    assert not world.accepts(world.token(world.keys[0]))
    assert world.accepts(world.token())


def test_an_outage_of_the_issuer(world: World) -> None:
    """A6: known keys decide until their max-age; then the fault says so, and the end of the outage ends it."""
    raw = world.token()
    assert world.accepts(raw)
    world.is_away = True
    world.wait(299)
    assert world.accepts(raw)
    world.wait(1)
    with pytest.raises(JwksUnavailable, match="answers 503"):
        world.verifier.verify(raw)
    world.is_away = False
    world.wait(10)
    assert world.accepts(raw)


def test_unknown_kids_do_not_flood_the_issuer(world: World) -> None:
    """A6: a stranger's tokens cost one read in each cooldown, and a key that is new is known by then."""
    assert world.accepts(world.token())
    stranger = world.token(world.keys[5])
    for _ in range(60):
        for _ in range(5):
            assert not world.accepts(stranger)
        world.wait(1)
    assert world.reads <= 7
    world.publish(2, 0)
    world.wait(60)
    assert world.accepts(world.token())


def test_a_revocation_is_seen_by_introspection(world: World) -> None:
    """R47, R48: a service that may introspect refuses a revoked token after at most `cache_seconds`."""
    audience = frozenset({AUDIENCE})
    world.issuer.clients.add(make_client("service", introspects=audience))
    asking = Introspection("service", SECRET, cache_seconds=10)
    verifier = JwksVerifier(world.url, AUDIENCE, clock=world.clock, introspection=asking, timeout_seconds=PATIENCE)
    raw = world.token()
    assert verifier.verify(raw)
    assert world.issuer.post(REVOKE, token=raw).status == 200
    world.wait(10)
    with pytest.raises(TokenError) as error:
        verifier.verify(raw)
    assert error.value.reason is TokenErrorReason.TOKEN_INACTIVE
    assert world.accepts(raw)  # without introspection, as the page says


def test_the_numbers_of_the_page(source: dict[str, Any]) -> None:
    """The bound is the sum of the template's ages, and no key is cached for longer than a rotation waits."""
    defaults = {name: source["Parameters"][name]["Default"] for name in TEMPLATE_DEFAULTS}
    assert defaults == TEMPLATE_DEFAULTS
    parameters = JwksVerifier.__init__.__kwdefaults__ or {}
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE))
    assert {name: str(parameters[name]) for name in documented} == documented
    assert len(documented) == 6
    assert parameters["max_age_seconds"] <= defaults["JwksMaxAgeSeconds"]
    assert defaults["RingViewSeconds"] + parameters["max_age_seconds"] == COMPROMISE_BOUND == 6 * 60
    assert "refuses the key's tokens within 6 minutes" in PAGE


def test_no_other_document_shows_a_verifier() -> None:
    """Each snippet that verifies tokens is run: those of its own page, and that of the README.

    The one that signs is run by tests/contract/test_pyjwt_with_kms.py.
    """
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    shown = {
        page.name
        for page in pages
        for language, text in re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)
        if language in ("python", "js", "javascript", "ts", "typescript") or ("jwks" in text and "verify" in text)
    }
    assert shown == {"README.md", "verifier.md", "verifying-service.md"}
