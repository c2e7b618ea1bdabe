"""A sandbox reads again when something is due by any clock, and not later (R47, ADR 23)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from authorizer.access_rules_cache import AccessRulesCache, RulesDocument
from authorizer.app import lambda_handler
from authorizer.metrics import Metrics
from authorizer.request import parse_request
from authorizer.revocation_bound import RevocationBound
from authorizer.revocation_cache import RevocationCache
from keyturn.domain.errors import ItemDamaged, StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation
from keyturn.domain.time.ages import Instant
from tests.fakes.authorizer_events import KINDS, authorizer_event
from tests.fakes.lambda_context import lambda_context
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.sandbox_time import TIMEOUT, sandbox_time
from tests.fakes.token_factory import NOW, make_token

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

BOUND = 10.0
RULES = json.dumps({"apis": {"*": {"routes": {"GET /reports": []}}}})


class Sandbox:
    """Its clocks, the times of its requests, the Date of each answer, and how often something was read."""

    def __init__(self) -> None:
        self.wall = float(NOW)
        self.monotonic = 50.0
        self.date: int | None = NOW
        self.reads = 0
        self.fault: Exception | None = None
        self.time = sandbox_time(lambda: self.wall, lambda: self.monotonic, lambda: self.date)
        self.metrics = Metrics("authorizer", self.time)
        self._request: dict[str, float | None] | None = None

    def wait(self, seconds: float) -> None:
        """Let time pass by both clocks, to a request with the times of the last one."""
        self.wall, self.monotonic = self.wall + seconds, self.monotonic + seconds
        if self._request is not None:
            self.begin(**self._request)

    def begin(self, gateway: float | None = None, invocation: float | None = None) -> None:
        """Begin a request with these times, in seconds."""
        self._request = {"gateway": gateway, "invocation": invocation}
        request = parse_request(authorizer_event("rest_token", "t"))
        request.time, request.deadline = gateway, None if invocation is None else invocation + TIMEOUT
        self.time.begin(request)

    def read(self) -> None:
        """Be read, or fail."""
        self.reads += 1
        if self.fault is not None:
            raise self.fault

    def read_at(self, sent: Instant) -> tuple[None, Instant]:
        """Be read for a cache, or fail."""
        self.read()
        return None, self.time.note_read(sent)


class _Feed:
    """A feed that is read, or damaged."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def global_revocation(self) -> tuple[int, Revocation | None]:
        self._sandbox.read()
        return NOW, None

    def entries(self, since: int, now: int) -> tuple[()]:
        return ()


def _cache(sandbox: Sandbox) -> Callable[[], object]:
    cache = RevocationBound(BOUND, sandbox.time, sandbox.metrics).cache("a store", sandbox.read_at)
    return lambda: cache.get(sandbox.time.now())


def _rules(sandbox: Sandbox) -> Callable[[], object]:
    def load() -> str:
        sandbox.read()
        return RULES

    return AccessRulesCache(RulesDocument(load, "the parameter /rules"), sandbox.time, sandbox.metrics).rules


def _failing_rules(sandbox: Sandbox) -> Callable[[], object]:
    use = _rules(sandbox)
    use()
    sandbox.fault = StoreUnavailable("down")
    sandbox.wait(60)
    return use


def _pause(sandbox: Sandbox) -> Callable[[], object]:
    """Return a use in the pause after a failed refresh, below the bound."""
    use = _cache(sandbox)
    use()
    sandbox.fault = StoreUnavailable("down")
    sandbox.wall, sandbox.monotonic = sandbox.wall + BOUND / 2, sandbox.monotonic + BOUND / 2
    return use


def _strict(sandbox: Sandbox) -> Callable[[], object]:
    """Return a use in the minute in which each request reads its own revocations, because the feed is damaged."""
    bound = RevocationBound(BOUND, sandbox.time, sandbox.metrics)
    cache = RevocationCache(MemoryRevocations(), _Feed(sandbox), bound, longest_token_lifetime=3610)
    cache.find(())
    sandbox.fault = ItemDamaged("no target")
    return lambda: cache.find(())


def _metrics(sandbox: Sandbox) -> Callable[[], object]:
    def write_if_due() -> None:
        if sandbox.metrics.due:
            sandbox.read()
            sandbox.metrics.write()

    sandbox.wait(60)
    return write_if_due


KEPT = pytest.mark.parametrize(
    ("kept", "period"),
    [(_cache, BOUND), (_rules, 60.0), (_failing_rules, 60.0), (_pause, 1.0), (_strict, 60.0), (_metrics, 60.0)],
)


@KEPT
@pytest.mark.parametrize(
    ("wall", "monotonic"),
    [
        (1.0, 1.0),
        (3600.0, 0.0002),  # frozen: an hour between two requests of 20 ms
        (1.0, 0.0),
        (0.0, 1.0),  # the wall clock stands still
        (-0.001, 0.0),  # set back: nobody knows how long ago that was
        (-3600.0, 0.0002),
        (-3600.0, 1.0),
    ],
)
def test_what_is_kept_is_due_by_the_larger_clock(
    kept: Callable[[Sandbox], Callable[[], object]], period: float, wall: float, monotonic: float
) -> None:
    """R47: rings, rules, the strict period, the pause and the metrics are due by either clock; the times in periods."""
    sandbox = Sandbox()
    use = kept(sandbox)
    use()
    reads = sandbox.reads
    assert reads > 0
    sandbox.wall += wall * period if wall > 0 else wall
    sandbox.monotonic += monotonic * period
    with suppress(StoreUnavailable):  # of a value that is too old and cannot be renewed
        use()
    assert sandbox.reads == reads + 1


@KEPT
@pytest.mark.parametrize("clock", ["gateway", "invocation"])
def test_what_is_kept_is_due_by_the_requests_own_time(
    kept: Callable[[Sandbox], Callable[[], object]], period: float, clock: str
) -> None:
    """R47: the request's own time counts while both clocks stand still, or are set back by less than has passed."""
    sandbox = Sandbox()
    sandbox.begin(**{clock: float(NOW)})
    use = kept(sandbox)
    use()
    reads = sandbox.reads
    sandbox.begin(**{clock: NOW + period - 0.001})
    use()
    assert sandbox.reads == reads
    sandbox.begin(**{clock: NOW + period})
    use()
    assert sandbox.reads == reads + 1


@KEPT
def test_what_is_kept_is_not_due_before(kept: Callable[[Sandbox], Callable[[], object]], period: float) -> None:
    """P8: nothing is read before it is due, or before half of its time where it is renewed."""
    sandbox = Sandbox()
    use = kept(sandbox)
    use()
    reads = sandbox.reads
    sandbox.wall += 0.499 * period
    sandbox.monotonic += 0.499 * period
    use()
    assert sandbox.reads == reads


def test_a_decision_has_one_instant_until_a_read() -> None:
    """R47: a decision counts ages from its beginning; a read, whatever comes of it, is followed by a new instant."""
    sandbox = Sandbox()
    sandbox.begin(gateway=float(NOW))
    begun = sandbox.time.present()
    sandbox.wall, sandbox.monotonic = sandbox.wall + BOUND, sandbox.monotonic + BOUND
    assert sandbox.time.present() is begun
    use = _cache(sandbox)
    use()
    present = sandbox.time.present()
    assert (present.wall, present.monotonic) == (begun.wall + BOUND, begun.monotonic + BOUND)
    assert present.gateway == begun.gateway
    sandbox.begin()
    assert sandbox.time.present().gateway is None


def test_a_failed_read_takes_its_time_from_the_other_caches() -> None:
    """R47: a store that took a second to fail has aged what another cache holds by a second."""
    sandbox = Sandbox()
    sandbox.begin()
    bound = RevocationBound(BOUND, sandbox.time, sandbox.metrics)
    cache = bound.cache("a store", sandbox.read_at)

    def fail_slowly(sent: Instant) -> tuple[None, Instant]:
        sandbox.wall, sandbox.monotonic = sandbox.wall + 1, sandbox.monotonic + 1
        raise StoreUnavailable("down")

    cache.get(sandbox.time.present())
    before = sandbox.time.present()
    with pytest.raises(StoreUnavailable):
        bound.cache("another store", fail_slowly).get(sandbox.time.present())
    assert sandbox.time.present().monotonic == before.monotonic + 1


def test_a_request_that_waited_costs_no_read() -> None:
    """P8: below the bound this machine's clocks alone renew: a request that waited makes nothing due."""
    sandbox = Sandbox()
    use = _cache(sandbox)
    sandbox.begin(gateway=NOW - 4.0)
    use()
    sandbox.begin(gateway=NOW + BOUND / 2)
    sandbox.wall, sandbox.monotonic = sandbox.wall + BOUND / 2 - 0.1, sandbox.monotonic + BOUND / 2 - 0.1
    use()
    assert sandbox.reads == 1


def test_a_value_at_the_bound_by_the_requests_time_decides_nothing() -> None:
    """R47: a value at the bound that cannot be renewed is a fault."""
    sandbox = Sandbox()
    use = _cache(sandbox)
    sandbox.begin(gateway=float(NOW))
    use()
    sandbox.fault = StoreUnavailable("down")
    sandbox.begin(gateway=NOW + BOUND)
    with pytest.raises(StoreUnavailable):
        use()


@pytest.mark.parametrize("wrong", [{"gateway": NOW + 86_400.0}, {"invocation": NOW + 86_400.0}, {"gateway": 1e9}])
def test_a_wrong_time_of_one_request_is_no_fault(wrong: dict[str, Any]) -> None:
    """R47: a request whose time is a day off reads once more, and so does the next one; neither is refused."""
    sandbox = Sandbox()
    use = _cache(sandbox)
    [clock] = wrong
    for reads, times in ((1, {clock: float(NOW)}), (2, wrong), (3, {clock: NOW + 1.0}), (3, {clock: NOW + 2.0})):
        sandbox.begin(**times)
        use()
        assert sandbox.reads == reads


def test_a_read_by_a_request_without_a_time_is_compared_by_date() -> None:
    """R47: the next request has a time: Date says how old the read is, within 5 s."""
    sandbox = Sandbox()
    use = _cache(sandbox)
    sandbox.begin()
    use()
    sandbox.begin(gateway=NOW + BOUND + 2.999)
    use()
    assert sandbox.reads == 1
    sandbox.begin(gateway=NOW + BOUND + 3.0)
    use()
    assert sandbox.reads == 2


def test_what_remains_without_any_witness() -> None:
    """R47, as docs/authorizer.md says: with both clocks still and no time of the request, time seems to stand still."""
    sandbox = Sandbox()
    use = _cache(sandbox)
    use()
    use()
    assert sandbox.reads == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_handler_takes_the_times_of_each_request(world: AuthorizerWorld, kind: str) -> None:
    """R47: both clocks still, a request of each kind reads the rings again, a TOKEN event by Lambda's deadline."""
    for reads, passed in ((1, 0), (1, 9), (2, 10), (2, 19), (3, 20)):
        milliseconds = (NOW + passed) * 1000
        event = authorizer_event(kind, make_token())
        if "requestContext" in event:
            event["requestContext"] |= {"timeEpoch": milliseconds, "requestTimeEpoch": milliseconds}
        lambda_handler(event, lambda_context(deadline=milliseconds + 3000 if kind == "rest_token" else None))
        assert world.ring.reads == reads, passed


@pytest.mark.parametrize("kind", KINDS)
def test_an_expired_token_is_refused_by_the_requests_own_time(world: AuthorizerWorld, kind: str) -> None:
    """R14, R47: both clocks still, a token is refused 2 s of skew after exp and the leeway of 10 s."""
    for passed, good in ((0, True), (11.999, True), (12, False)):
        milliseconds = int((NOW + passed) * 1000)
        event = authorizer_event(kind, make_token(claims={"iat": NOW - 900, "exp": NOW, "scope": "reports:read"}))
        if "requestContext" in event:
            event["requestContext"] |= {"timeEpoch": milliseconds, "requestTimeEpoch": milliseconds}
        request = parse_request(event, lambda_context(deadline=milliseconds + 3000 if kind == "rest_token" else None))
        rules = world.authorizer.begin(request)
        if good:
            world.authorizer.authorize(request, rules)
            continue
        with pytest.raises(Exception, match="token_expired"):
            world.authorizer.authorize(request, rules)
