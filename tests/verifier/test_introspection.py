"""Revocation by introspection: the bound of its cache, and no permission without an answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from keyturn.verifier import (
    Introspection,
    IntrospectionUnavailable,
    JwksVerifier,
    TokenError,
    TokenErrorReason,
    VerifierUnavailable,
)
from keyturn.verifier import introspection as module
from keyturn.verifier.bounded_http import BoundedHttp, HttpAnswer
from tests.fakes.jwks_site import INTROSPECT, JwksSite, answer
from tests.fakes.token_factory import AUDIENCE, signing_key
from tests.fakes.two_clocks import TwoClocks

SECRET = "s3cret of the service"


def verifier_of(site: JwksSite, clocks: TwoClocks, *, cache_seconds: int = 10, **changes: Any) -> JwksVerifier:
    """Return a verifier that asks the site about each token."""
    client = Introspection("orders", SECRET, cache_seconds=cache_seconds)
    return JwksVerifier(site.origin, AUDIENCE, clock=clocks, introspection=client, **changes)


def is_refused(verifier: JwksVerifier, raw: str) -> bool:
    """Return whether the issuer says that the token is inactive."""
    reason = None
    try:
        verifier.verify(raw)
    except TokenError as error:
        reason = error.reason
    assert reason in (None, TokenErrorReason.TOKEN_INACTIVE)
    return reason is not None


def test_a_question_is_that_of_the_rfcs(site: JwksSite, clocks: TwoClocks) -> None:
    """RFC 7662 §2.1, RFC 6749 §2.3.1: a form with the token, from a client that Basic authenticates."""
    raw = site.token(signing_key())
    verifier_of(site, clocks).verify(raw)
    [seen] = [each for each in site.seen if each.path == INTROSPECT]
    assert seen.method == "POST"
    assert seen.body.decode() == f"token={raw}&token_type_hint=access_token"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.headers["authorization"] == "Basic b3JkZXJzOnMzY3JldCtvZit0aGUrc2VydmljZQ=="


def test_a_revoked_token_is_refused_within_the_bound(site: JwksSite, clocks: TwoClocks) -> None:
    """R47, R48: an answer counts for less than `cache_seconds`, and an inactive one as long as an active one."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    assert not is_refused(verifier, raw)
    site.active = False
    clocks.wait(9.9)
    assert not is_refused(verifier, raw)
    assert site.reads(INTROSPECT) == 1
    clocks.wait(0.1)
    assert is_refused(verifier, raw)
    assert is_refused(verifier, raw)
    assert site.reads(INTROSPECT) == 2


def test_each_request_asks_without_a_cache(site: JwksSite, clocks: TwoClocks) -> None:
    """R47: a revocation counts at the next request if `cache_seconds` is 0."""
    verifier, raw = verifier_of(site, clocks, cache_seconds=0), site.token(signing_key())
    assert not is_refused(verifier, raw)
    site.active = False
    assert is_refused(verifier, raw)


@pytest.mark.parametrize(("wall", "monotonic"), [(600, 0.01), (0.01, 600), (-60, 0.01)])
def test_an_answer_ages_by_each_clock(site: JwksSite, clocks: TwoClocks, wall: float, monotonic: float) -> None:
    """R47: a frozen machine and a wall clock that was set back ask again."""
    verifier = verifier_of(site, clocks)
    raw = site.token(signing_key(), iat=int(clocks.wall) - 120, exp=int(clocks.wall) + 3000)
    assert not is_refused(verifier, raw)
    site.active = False
    clocks.wall += wall
    clocks.monotonic += monotonic
    assert is_refused(verifier, raw)


def test_a_bad_token_is_asked_about_by_nobody(site: JwksSite, clocks: TwoClocks) -> None:
    """The strict rules come first: a stranger's token does not reach the issuer."""
    verifier = verifier_of(site, clocks)
    for raw in (site.token(signing_key(), aud="urn:other"), site.token(signing_key(name="new")), "a.b.c"):
        with pytest.raises(TokenError):
            verifier.verify(raw)
    assert site.reads(INTROSPECT) == 0


ANSWERS: dict[str, tuple[int, bytes]] = {
    "500": (500, b'{"active":true}'),
    "a redirect": (302, b'{"active":true}'),
    "429": (429, b'{"active":true}'),
    "created": (201, b'{"active":true}'),
    "the client is refused": (401, b'{"error":"invalid_client"}'),
    "no JSON": (200, b"active"),
    "a list": (200, b'[{"active":true}]'),
    "no member": (200, b"{}"),
    "a string": (200, b'{"active":"true"}'),
    "a number": (200, b'{"active":1}'),
    "twice": (200, b'{"active":false,"active":true}'),
    "a large answer": (200, b'{"active":true' + b" " * 300_000 + b"}"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_is_no_permission(
    site: JwksSite, clocks: TwoClocks, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R48: each other answer is a fault, with what to type next, and is not kept."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    code, text = ANSWERS[name]
    site.outage, site.faulty = lambda handler: answer(handler, code, text, {"Location": "/x"}), {INTROSPECT}
    with caplog.at_level(logging.DEBUG), pytest.raises(IntrospectionUnavailable) as error:
        verifier.verify(raw)
    assert "type `keyturn clients show orders`" in str(error.value)
    for secret in (raw, SECRET, "b3JkZXJz"):
        assert secret not in str(error.value) + caplog.text
    site.outage = None
    assert not is_refused(verifier, raw)


def test_a_silent_issuer_is_a_fault_in_time(site: JwksSite, clocks: TwoClocks) -> None:
    """An old answer does not decide while the issuer is silent."""
    verifier, raw = verifier_of(site, clocks, timeout_seconds=3), site.token(signing_key())
    assert not is_refused(verifier, raw)
    clocks.wait(10)
    site.outage, site.faulty = site.hang, {INTROSPECT}
    with pytest.raises(IntrospectionUnavailable, match="no complete response"):
        verifier.verify(raw)


def test_metadata_without_the_endpoint_is_a_fault(site: JwksSite, clocks: TwoClocks) -> None:
    """A service that wants revocations is not served by an issuer without introspection."""
    site.metadata["introspection_endpoint"] = "https://evil.example/introspect"
    with pytest.raises(IntrospectionUnavailable, match="no introspection endpoint at its origin"):
        verifier_of(site, clocks).verify(site.token(signing_key()))


class SlowAnswers:
    """Introspection answers that wait until they are released."""

    def __init__(self, site: JwksSite) -> None:
        self.asked, self.released = threading.Semaphore(0), threading.Event()
        self._site = site
        site.outage, site.faulty = self, {INTROSPECT}

    def __call__(self, handler: Any) -> None:
        """Answer what the issuer said when it was asked."""
        text = b'{"active":true}' if self._site.active else b'{"active":false}'
        self.asked.release()
        assert self.released.wait(20)
        answer(handler, 200, text)


def test_twenty_threads_ask_once(site: JwksSite, clocks: TwoClocks) -> None:
    """Requests with one token at the same time share one question."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    slow = SlowAnswers(site)
    with ThreadPoolExecutor(20) as pool:
        # Threads that start together may each ask: only a question that was asked already is shared.
        first = pool.submit(is_refused, verifier, raw)
        assert slow.asked.acquire(timeout=20)
        others = [pool.submit(is_refused, verifier, raw) for _ in range(19)]
        slow.released.set()
        assert not any(each.result(20) for each in (first, *others))
    assert site.reads(INTROSPECT) == 1


class AwayIssuer(BoundedHttp):
    """An issuer whose connection breaks when it is released."""

    def __init__(self) -> None:
        self.asked = 0
        self.begun = threading.Event()
        self.released = threading.Event()

    def request(self, *arguments: Any, **named: Any) -> HttpAnswer:
        """Raise OSError after the release."""
        self.asked += 1
        self.begun.set()
        assert self.released.wait(20)
        raise ConnectionResetError("reset")


def test_a_question_that_fails_is_shared_too(clocks: TwoClocks) -> None:
    """Requests with one token share a question that fails: an issuer in trouble gets no flood of questions."""
    issuer = AwayIssuer()
    introspector = module.Introspector(Introspection("orders", SECRET), issuer, 1, clocks)
    requests = [introspector.check("a.b.c", "https://auth.example.com/i") for _ in range(20)]
    calls = {next(each) for each in requests}
    issuer.released.set()
    wait(calls)
    for each in requests:
        with pytest.raises(IntrospectionUnavailable, match="reset"):
            next(each)
    assert issuer.asked == 1


def test_a_caller_that_stops_waiting_has_no_answer(clocks: TwoClocks) -> None:
    """R47: a question that still runs when a caller gives up is a fault for this caller."""
    issuer = AwayIssuer()
    introspector = module.Introspector(Introspection("orders", SECRET, cache_seconds=10), issuer, 1, clocks)
    steps = introspector.check("a token", "https://issuer.example/introspect")
    next(steps)
    with pytest.raises(IntrospectionUnavailable, match="no complete response came in time"):
        next(steps)
    issuer.released.set()


def test_a_question_that_waits_for_too_long_is_asked_again(clocks: TwoClocks) -> None:
    """R47: a request that shares an earlier question asks its own, once that answer is `cache_seconds` old."""
    issuer = AwayIssuer()
    introspector = module.Introspector(Introspection("orders", SECRET, cache_seconds=10), issuer, 1, clocks)
    first, second = (introspector.check("a.b.c", "https://auth.example.com/i") for _ in range(2))
    earlier = next(first)
    assert issuer.begun.wait(20)
    clocks.wait(10)
    assert next(second) is earlier
    issuer.released.set()
    wait([earlier])
    own = next(second)
    assert own is not earlier
    wait([own])
    for each in (first, second):
        with pytest.raises(IntrospectionUnavailable, match="reset"):
            next(each)
    assert issuer.asked == 2


def test_a_question_from_before_the_revocation_is_not_shared(site: JwksSite, clocks: TwoClocks) -> None:
    """R47: an answer that was asked for `cache_seconds` ago decides about no later request."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    slow = SlowAnswers(site)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(is_refused, verifier, raw)
        assert slow.asked.acquire(timeout=20)
        clocks.wait(10)
        site.active = False
        second = pool.submit(is_refused, verifier, raw)
        slow.released.set()
        assert second.result(20)
        first.result(20)


def test_a_flood_of_tokens_is_bounded(site: JwksSite, clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood costs a bounded number of threads and of cached answers; beyond it the answer is 503."""
    monkeypatch.setattr(module, "MAX_CALLS", 2)
    monkeypatch.setattr(module, "MAX_ANSWERS", 3)
    verifier = verifier_of(site, clocks)
    raws = [site.token(signing_key(), jti=f"jti-{number}") for number in range(6)]
    for raw in raws:
        assert not is_refused(verifier, raw)
    assert site.reads(INTROSPECT) == 6
    assert not is_refused(verifier, raws[5])
    assert site.reads(INTROSPECT) == 6
    assert not is_refused(verifier, raws[0])
    assert site.reads(INTROSPECT) == 7
    slow = SlowAnswers(site)
    clocks.wait(10)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(is_refused, verifier, raw) for raw in raws[:2]]
        assert slow.asked.acquire(timeout=20)
        assert slow.asked.acquire(timeout=20)
        with pytest.raises(VerifierUnavailable, match="2 questions wait"):
            verifier.verify(raws[2])
        slow.released.set()
        assert not any(each.result(20) for each in waiting)


def test_a_coroutine_asks_too(site: JwksSite, clocks: TwoClocks) -> None:
    """An asynchronous service sees revocations as a synchronous one does."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    assert asyncio.run(verifier.verify_async(raw)).client_id == "web"
    site.active = False
    clocks.wait(10)
    with pytest.raises(TokenError):
        asyncio.run(verifier.verify_async(raw))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("", SECRET, 10), "client_id and a client_secret"),
        (("orders", "", 10), "client_id and a client_secret"),
        (("orders", SECRET, 301), "cache_seconds is 0 to 300"),
        (("orders", SECRET, 1.5), "cache_seconds is 0 to 300"),
    ],
)
def test_a_wrong_client_is_an_error_at_start(arguments: tuple[Any, ...], problem: str) -> None:
    """A mistake raises ValueError, and the secret is in no text about the client."""
    with pytest.raises(ValueError, match=problem):
        Introspection(*arguments[:2], cache_seconds=arguments[2])
    assert SECRET not in repr(Introspection("orders", SECRET))
