"""The verifier of a service against an issuer's documents over HTTP."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.verifier import JwksUnavailable, JwksVerifier, TokenError, TokenErrorReason, VerifierUnavailable
from tests.fakes.jwks_site import JWKS, METADATA, JwksSite, answer
from tests.fakes.token_factory import AUDIENCE, good_claims, good_header, make_token, signing_key
from tests.fakes.two_clocks import TwoClocks


def verifier_of(site: JwksSite, clocks: TwoClocks, **changes: Any) -> JwksVerifier:
    """Return a verifier of the site, with changes."""
    return JwksVerifier(site.origin, AUDIENCE, clock=clocks, **changes)


def reason_of(verifier: JwksVerifier, raw: Any) -> TokenErrorReason:
    """Return why a token is refused."""
    with pytest.raises(TokenError) as error:
        verifier.verify(raw)
    return error.value.reason


def test_a_token_of_each_library_is_verified(site: JwksSite, clocks: TwoClocks) -> None:
    """Tokens that PyJWT and joserfc sign are read with the same claims."""
    verifier, key = verifier_of(site, clocks), signing_key()
    claims, header = good_claims(iss=site.origin), good_header(key)
    minted = [
        jwt.encode(claims, key.private, "ES256", header),
        joserfc_jwt.encode(header, claims, ECKey.import_key(key.private)),  # type: ignore[arg-type]
    ]
    for raw in minted:
        token = verifier.verify(raw)
        assert (token.claims, token.subject, token.kid) == (claims, claims["sub"], key.kid)
    assert site.reads() == 1


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519"])
def test_a_ring_of_each_algorithm_is_verified(site: JwksSite, clocks: TwoClocks, algorithm: str) -> None:
    """Each algorithm that a stack signs with is accepted by default."""
    key = signing_key(algorithm)
    site.publish(key)
    assert verifier_of(site, clocks).verify(site.token(key)).kid == key.kid


def test_an_algorithm_that_was_not_chosen_is_refused(site: JwksSite, clocks: TwoClocks) -> None:
    """The service can narrow the algorithms, and a token of another one is refused."""
    verifier = verifier_of(site, clocks, algorithms={"RS256"})
    assert reason_of(verifier, site.token(signing_key())) is TokenErrorReason.ALGORITHM_NOT_ALLOWED


def test_a_coroutine_gets_the_same_answers(site: JwksSite, clocks: TwoClocks) -> None:
    """An asynchronous service gets tokens and errors as a synchronous one does."""
    verifier = verifier_of(site, clocks)

    async def use() -> None:
        assert (await verifier.verify_async(site.token(signing_key()))).audience == (AUDIENCE,)
        with pytest.raises(TokenError):
            await verifier.verify_async(site.token(signing_key(), aud="https://other.example"))
        site.outage = lambda handler: answer(handler, 503, b"{}")
        clocks.wait(300)
        with pytest.raises(JwksUnavailable):
            await verifier.verify_async(site.token(signing_key(), at=clocks.wall))

    asyncio.run(use())


def test_coroutines_share_one_read_and_the_loop_runs_on(site: JwksSite, clocks: TwoClocks) -> None:
    """While the keys are read, twenty coroutines wait, and the loop serves others."""
    asked, released = threading.Event(), threading.Event()
    site.faulty = {METADATA}

    def be_slow(handler: Any) -> None:
        asked.set()
        assert released.wait(20)
        site.outage = None
        site.serve(handler)

    site.outage = be_slow
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())

    async def use() -> None:
        tasks = [asyncio.create_task(verifier.verify_async(raw)) for _ in range(20)]
        while not asked.is_set():
            await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        tasks[0].cancel()
        released.set()
        assert (
            sum(not isinstance(each, BaseException) for each in await asyncio.gather(*tasks, return_exceptions=True))
            == 19
        )

    asyncio.run(use())
    assert site.reads() == 1


def test_twenty_threads_share_one_read(site: JwksSite, clocks: TwoClocks) -> None:
    """Threads that need keys at the same time cause one read, and all get its result."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    barrier = threading.Barrier(20)

    def use(_: int) -> str:
        barrier.wait(20)
        return verifier.verify(raw).jti

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(use, range(20)))) == 1
    assert (site.reads(METADATA), site.reads()) == (1, 1)


@pytest.mark.parametrize(
    "raw", ["", "a.b.c", None, make_token(header={"alg": "none"}), make_token(header={"typ": "JWT"})]
)
def test_a_token_that_no_key_makes_good_needs_no_issuer(site: JwksSite, clocks: TwoClocks, raw: Any) -> None:
    """A malformed token is refused without a request, also while the issuer is away."""
    verifier = verifier_of(site, clocks)
    assert isinstance(reason_of(verifier, raw), TokenErrorReason)
    assert site.seen == []


def test_the_proxy_of_the_environment_is_ignored(
    site: JwksSite, clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment would see which issuer is asked, and could answer for a loopback one."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert verifier_of(site, clocks).verify(site.token(signing_key()))
    assert {each.headers["host"] for each in site.seen} == {site.origin.removeprefix("http://")}


def check_fresh_for(site: JwksSite, clocks: TwoClocks, seconds: float) -> None:
    """Read the key set, and assert that it decides for so many seconds while the issuer is away."""
    verifier = verifier_of(site, clocks)
    raw = site.token(signing_key())
    assert verifier.verify(raw)
    site.outage = lambda handler: answer(handler, 503, b"{}")
    clocks.wait(seconds - 0.5)
    assert verifier.verify(raw)
    clocks.wait(0.5)
    with pytest.raises(JwksUnavailable):
        verifier.verify(raw)


@pytest.mark.parametrize(
    ("cache_control", "age", "fresh_for"),
    [
        ("public, max-age=60", None, 60),
        ('Max-Age="60"', None, 60),
        ("max-age = 60 , public", None, 60),
        ("max-age=60", "45", 15),
        ("max-age=60", "one", 60),
        ("max-age=86400", None, 300),
        ("max-age=60, max-age=20", None, 20),
        ("no-store", None, 10),
        ("max-age=0", None, 10),
        ("max-age=-5", None, 10),
        ("max-age=9999999999", None, 300),
        ("max-age=60", "9999999999", 10),
        ("max-age=60", "45, 5", 15),
        ("max-age=60", "-5", 60),
        ("private", None, 300),
        (None, None, 300),
    ],
)
def test_the_max_age_of_the_key_set_is_kept_within_bounds(
    site: JwksSite, clocks: TwoClocks, cache_control: str | None, age: str | None, fresh_for: int
) -> None:
    """A6: keys decide below the max-age that the issuer states, less the age in caches, from 10 s to 300 s."""
    site.headers = {name: value for name, value in (("Cache-Control", cache_control), ("Age", age)) if value}
    check_fresh_for(site, clocks, fresh_for)


@pytest.mark.parametrize(
    ("cache_control", "expires", "date", "fresh_for"),
    [
        (None, "Mon, 30 Nov 2026 12:01:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 60),
        ("public", "Mon, 30 Nov 2026 12:01:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 60),
        (None, "Monday, 30-Nov-26 12:01:00 GMT", "Mon Nov 30 12:00:00 2026", 60),
        (None, "Tue, 01 Dec 2026 12:00:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 300),
        (None, "Mon, 30 Nov 2026 11:00:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 10),
        (None, "0", "Mon, 30 Nov 2026 12:00:00 GMT", 10),
        (None, "Mon, 30 Nov 2026 12:01:00 GMT", None, 10),
        (None, "Mon, 30 Nov 99999 12:01:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 10),
        (None, "Mon, 30 Nov 2026 12:01:00 +9999999999999999999", "Mon, 30 Nov 2026 12:00:00 GMT", 10),
        ("max-age=60", "Mon, 30 Nov 2026 12:02:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 60),
        ("no-store", "Mon, 30 Nov 2026 12:02:00 GMT", "Mon, 30 Nov 2026 12:00:00 GMT", 10),
    ],
)
def test_an_expiry_counts_where_the_issuer_states_no_max_age(
    site: JwksSite, clocks: TwoClocks, cache_control: str | None, expires: str, date: str | None, fresh_for: int
) -> None:
    """A6: keys decide until `Expires`, as far from `Date` as the issuer's clock says; an unreadable date is past."""
    headers = {"Cache-Control": cache_control, "Expires": expires, "Date": date}
    site.headers = {name: value for name, value in headers.items() if value}
    check_fresh_for(site, clocks, fresh_for)


def test_unknown_kids_cost_one_read_in_a_cooldown(site: JwksSite, clocks: TwoClocks) -> None:
    """A6: a flood of unknown kids causes one read in each cooldown, and a new key is known by then."""
    verifier, new = verifier_of(site, clocks), signing_key(name="new")
    assert verifier.verify(site.token(signing_key()))
    for _ in range(40):
        for _ in range(5):
            assert reason_of(verifier, site.token(new)) is TokenErrorReason.UNKNOWN_KEY
        clocks.wait(1)
    assert site.reads() == 4
    site.publish(new)
    clocks.wait(10)
    assert verifier.verify(site.token(new))


def test_a_token_that_is_bad_for_another_reason_costs_no_read(site: JwksSite, clocks: TwoClocks) -> None:
    """A6: only an unknown kid can mean a new key: an expired token or a foreign audience reads nothing."""
    verifier = verifier_of(site, clocks)
    assert verifier.verify(site.token(signing_key()))
    clocks.wait(60)
    expired = site.token(signing_key(), at=clocks.wall - 1000)
    assert reason_of(verifier, expired) is TokenErrorReason.TOKEN_EXPIRED
    assert reason_of(verifier, site.token(signing_key(), aud="urn:other")) is TokenErrorReason.INVALID_AUDIENCE
    assert site.reads() == 1


def test_an_unknown_kid_during_an_outage_is_no_verdict(site: JwksSite, clocks: TwoClocks) -> None:
    """The kid may be that of a key that is new: without a good read the answer is 503, and not 401."""
    verifier = verifier_of(site, clocks)
    assert verifier.verify(site.token(signing_key()))
    site.outage = lambda handler: answer(handler, 500, b"")
    clocks.wait(10)
    for _ in range(3):
        with pytest.raises(JwksUnavailable) as error:
            verifier.verify(site.token(signing_key(name="new")))
        assert error.value.retry_after == 10
        assert verifier.verify(site.token(signing_key()))
    assert site.reads() == 1
    assert site.reads(METADATA) == 2
    site.outage = None
    clocks.wait(10)
    assert reason_of(verifier, site.token(signing_key(name="new"))) is TokenErrorReason.UNKNOWN_KEY


def test_keys_are_renewed_before_their_end(site: JwksSite, clocks: TwoClocks) -> None:
    """From half of the max-age on a read starts without a waiter, so that a short outage is not seen."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    assert verifier.verify(raw)
    renewed = threading.Event()

    def note(handler: Any) -> None:
        site.outage = None
        site.serve(handler)
        renewed.set()

    site.outage, site.faulty = note, {JWKS}
    clocks.wait(150)
    assert verifier.verify(raw)
    assert renewed.wait(20)
    assert site.reads() == 3  # the server notes one request twice: `note` serves it again


@pytest.mark.parametrize(("wall", "monotonic"), [(86_400, 0.02), (0.02, 86_400), (-3600, 0.02)])
def test_keys_of_a_frozen_or_moved_machine_are_read_again(
    site: JwksSite, clocks: TwoClocks, wall: float, monotonic: float
) -> None:
    """R47: each clock alone ends the keys' age, and so does a wall clock that was set back."""
    verifier, stolen = verifier_of(site, clocks, stale_seconds=60), signing_key()
    assert verifier.verify(site.token(stolen))
    site.publish(signing_key(name="new"))
    clocks.wall += wall
    clocks.monotonic += monotonic
    assert reason_of(verifier, site.token(stolen, at=clocks.wall)) is TokenErrorReason.UNKNOWN_KEY


def test_keys_that_were_too_old_once_stay_too_old(site: JwksSite, clocks: TwoClocks) -> None:
    """R47: a wall clock that goes back to the instant of the read brings no keys back."""
    verifier, raw = verifier_of(site, clocks), site.token(signing_key())
    assert verifier.verify(raw)
    site.outage = lambda handler: answer(handler, 503, b"{}")
    clocks.wall += 400
    with pytest.raises(JwksUnavailable):
        verifier.verify(raw)
    clocks.wall -= 399
    with pytest.raises(JwksUnavailable):
        verifier.verify(raw)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"issuer": "https://auth.example.com/"}, "an issuer is https://host"),
        ({"issuer": "http://auth.example.com"}, "plain http"),
        ({"issuer": "file:///etc/passwd"}, "an issuer is https://host"),
        ({"issuer": None}, "an issuer is https://host"),
        ({"issuer": "https://auth.example.com/tenant"}, "an issuer is https://host"),
        ({"issuer": "http://localhost.example.com"}, "plain http"),
        ({"issuer": "http://127.0.0.1.nip.io"}, "plain http"),
        ({"audience": None}, "at least 1"),
        ({"issuer": "https://user@auth.example.com"}, "an issuer is https://host"),
        ({"audience": ""}, "non-empty"),
        ({"audience": set()}, "at least 1"),
        ({"algorithms": {"HS256"}}, "algorithms are among"),
        ({"cooldown_seconds": 0}, "cooldown_seconds is 1 to 3600"),
        ({"max_age_seconds": 5}, "max_age_seconds is 10 to 86400"),
        ({"stale_seconds": -1}, "stale_seconds is 0 to 86400"),
        ({"stale_seconds": True}, "stale_seconds is 0 to 86400"),
        ({"timeout_seconds": 0}, "timeout_seconds is 1 to 60"),
    ],
)
def test_a_wrong_argument_is_an_error_at_start(changes: dict[str, Any], problem: str) -> None:
    """A6: a mistake raises ValueError that names the argument, before any request."""
    arguments = {"issuer": "https://auth.example.com", "audience": AUDIENCE} | changes
    with pytest.raises(ValueError, match=problem):
        JwksVerifier(**arguments)


def test_several_audiences_and_a_previous_issuer_are_accepted(site: JwksSite, clocks: TwoClocks) -> None:
    """A service may have two audiences, and accept the issuer's former URL during a move."""
    former = "https://former.example"
    verifier = verifier_of(site, clocks, previous_issuers={former})
    verifier = JwksVerifier(site.origin, {AUDIENCE, "urn:two"}, previous_issuers={former}, clock=clocks)
    assert verifier.verify(site.token(signing_key(), aud="urn:two", iss=former)).issuer == former


def test_a_token_that_is_bound_to_a_key_is_refused(site: JwksSite, clocks: TwoClocks) -> None:
    """RFC 9449 §7.2: the holder of such a token has to prove the key, which a bearer request does not."""
    raw = site.token(signing_key(), cnf={"jkt": "a"})
    assert reason_of(verifier_of(site, clocks), raw) is TokenErrorReason.SENDER_CONSTRAINED


def test_the_clock_of_the_machine_is_the_default(site: JwksSite) -> None:
    """Without a clock of its own, a verifier goes by the machine's two clocks."""
    raw = site.token(signing_key(), at=wall_seconds())
    assert JwksVerifier(site.origin, AUDIENCE).verify(raw)


def test_the_faults_are_one_family() -> None:
    """One except clause catches each fault for which the answer is 503."""
    assert issubclass(JwksUnavailable, VerifierUnavailable)
    assert not issubclass(VerifierUnavailable, TokenError)
