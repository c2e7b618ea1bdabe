"""The service of docs/verifying-service.md, run as it is written there against the issuer's JWKS over HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from keyturn.jose import TokenError, TokenErrorReason
from tests.fakes.issuer_harness import JWKS, IssuerHarness
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, SigningKey, make_token, signing_key
from tests.fakes.wsgi_issuer import wsgi_issuer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PAGE = (Path(__file__).parents[2] / "docs" / "verifying-service.md").read_text()
TEMPLATE_DEFAULTS = {"RingViewSeconds": 60, "JwksMaxAgeSeconds": 300, "VerifierCacheSeconds": 7200}
COMPROMISE_BOUND = 360  # "within 6 minutes"
LEAD = 7200 + 300 + 60 + 10  # M + A + G + S: a key is published for that long before it signs
STEP = 90


class QuietHandler(WSGIRequestHandler):
    """Serves without a line on standard error."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing."""


class World:
    """An issuer with an HTTP server, the service that the page shows, and one time for both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.issuer = IssuerHarness(monkeypatch)
        self.keys = [signing_key("RS256", f"key {number}") for number in range(6)]
        self.issuer.signer.keys = {key.kid: key for key in self.keys}
        self.outage = ""
        self.reads = 0
        self.server = make_server("127.0.0.1", 0, self._answer, handler_class=QuietHandler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{JWKS}"
        self.seconds = float(NOW)
        self.publish(0, 1)
        self.service = self._run_snippet()

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
        return make_token(key=key, claims={"iat": issued_at, "exp": issued_at + 900})

    def accepts(self, raw: str) -> bool:
        """Return whether the service accepts a token; a refusal raises TokenError alone."""
        try:
            self.service["verify"](raw)
        except TokenError:
            return False
        return True

    def _run_snippet(self) -> dict[str, Any]:
        [source] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
        assert source.count("https://auth.example.com") == 2
        source = source.replace("https://auth.example.com/.well-known/jwks.json", self.url)
        source = source.replace("https://auth.example.com", ISSUER).replace("https://api.example.com", AUDIENCE)
        service: dict[str, Any] = {}
        exec(compile(source, "verifying-service.md", "exec"), service)  # the document is the program under test
        service["time"] = SimpleNamespace(time=lambda: self.seconds)
        return service

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        self.reads += 1
        if not self.outage:
            return wsgi_issuer(environ, start_response)
        status, body, length = OUTAGES[self.outage]
        start_response(status, [("content-type", "application/json"), ("content-length", str(length or len(body)))])
        return [body]


OUTAGES = {
    "503": ("503 Service Unavailable", b"{}", None),
    "another page": ("200 OK", b"<html>", None),
    "no key set": ("200 OK", b"{}", None),
    "a private key": ("200 OK", b'{"keys":[{"kty":"oct","kid":"a","k":"AQAB","alg":"HS256"}]}', None),
    "not UTF-8": ("200 OK", b'{"keys":["\xff"]}', None),
    "half an answer": ("200 OK", b'{"keys":', 5000),
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world whose server runs."""
    world = World(monkeypatch)
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


def test_a_compromise(world: World) -> None:
    """I8: tokens of a compromised key are refused within the bound that the page states, and for good."""
    live_through(world, LEAD)
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


def test_a_clock_that_was_set_back(world: World) -> None:
    """Keys that were read in the future of a clock count as old: no clock makes them last."""
    world.seconds += 7200
    world.accepts("x")
    world.publish(1, 2)
    world.issuer.wall += 120
    world.seconds -= 7200
    assert not world.accepts(world.token(world.keys[0]))


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_the_key_set(world: World, outage: str) -> None:
    """An outage locks nobody out for as long as the page says, ends in ConnectionError, and is over with itself."""
    assert world.accepts(world.token())
    world.outage = outage
    began_at = world.seconds
    while world.seconds < began_at + 3600:
        assert world.accepts(world.token())
        assert not world.accepts(world.token(world.keys[5]))
        world.wait(STEP)
    with pytest.raises(ConnectionError):
        world.service["verify"](world.token())
    world.outage = ""
    world.wait(10)
    assert world.accepts(world.token())


def test_a_start_during_an_outage(world: World) -> None:
    """Without any keys the service says so, asks once in the cooldown, and works when the key set is there."""
    world.outage = "503"
    for _ in range(5):
        with pytest.raises(ConnectionError):
            world.service["verify"](world.token())
    assert world.reads == 1
    world.outage = ""
    world.wait(10)
    assert world.accepts(world.token())


def test_unknown_kids_do_not_flood_the_issuer(world: World) -> None:
    """A stranger's tokens cost one read in each cooldown, and a key that is new is known by then (A6)."""
    assert world.accepts(world.token())
    stranger = make_token(key=world.keys[5], claims={"iat": int(world.seconds), "exp": int(world.seconds) + 900})
    for _ in range(60):
        for _ in range(20):
            assert not world.accepts(stranger)
        world.wait(1)
    assert world.reads <= 7
    world.publish(2, 0)
    world.wait(60)
    assert world.accepts(world.token())


def test_a_slow_read_holds_nobody_up(world: World) -> None:
    """While one thread waits for the key set, however long, the others decide by the known keys."""
    raw = world.token()
    assert world.accepts(raw)
    world.wait(300)
    waits, answers, decided = threading.Event(), threading.Event(), threading.Event()

    def be_slow() -> None:
        waits.set()
        assert answers.wait(timeout=20)

    world.issuer.rings.before = be_slow
    reader = threading.Thread(target=world.accepts, args=(raw,))
    reader.start()
    assert waits.wait(timeout=20)
    world.wait(10)

    def decide() -> None:
        if world.accepts(raw) and reader.is_alive():
            decided.set()

    other = threading.Thread(target=decide)
    other.start()
    held_up = not decided.wait(timeout=10)
    answers.set()
    other.join()
    reader.join()
    assert not held_up


def test_the_numbers_of_the_page(source: dict[str, Any], world: World) -> None:
    """The bound is the sum of the template's and the snippet's ages, and keys go when rotations end them."""
    defaults = {name: source["Parameters"][name]["Default"] for name in TEMPLATE_DEFAULTS}
    assert defaults == TEMPLATE_DEFAULTS
    assert world.service["MAX_AGE"] <= defaults["JwksMaxAgeSeconds"]
    assert world.service["MAX_STALE"] <= defaults["VerifierCacheSeconds"]
    assert defaults["RingViewSeconds"] + world.service["MAX_AGE"] == COMPROMISE_BOUND == 6 * 60
    assert "refuses the key's tokens within 6 minutes" in PAGE


def test_other_reasons_are_told(world: World) -> None:
    """A token that is refused for another reason than its key is refused with that reason, and reads nothing."""
    assert world.accepts(world.token())
    expired = make_token(key=world.keys[0], claims={"iat": int(world.seconds) - 1000, "exp": int(world.seconds) - 100})
    with pytest.raises(TokenError) as error:
        world.service["verify"](expired)
    assert error.value.reason is TokenErrorReason.TOKEN_EXPIRED
    assert world.reads == 1


def test_no_other_document_shows_a_verifier() -> None:
    """Each snippet that verifies tokens is run: that of its own page is the only one of all documents.

    The one that signs is run by tests/contract/test_pyjwt_with_kms.py.
    """
    root = Path(__file__).parents[2]
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    shown = [
        page.name
        for page in pages
        for language, text in re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)
        if language in ("python", "js", "javascript", "ts", "typescript") or ("jwks" in text and "verify" in text)
    ]
    assert sorted(shown) == ["verifier.md", "verifying-service.md"]
