"""The cache of keys, in any order of rotations, outages and clocks that stand still."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyturn.verifier import JwksUnavailable
from keyturn.verifier.bounded_http import Deadline
from keyturn.verifier.issuer_documents import DocumentFault, IssuerDocuments
from keyturn.verifier.key_cache import HeldKeys, KeyAges, KeyCache
from tests.fakes.token_factory import key_set, signing_key
from tests.fakes.two_clocks import TwoClocks

if TYPE_CHECKING:
    from collections.abc import Generator

ISSUER = "https://auth.example.com"
AGES = KeyAges(most=300, stale=60, cooldown=10)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 9.5, 10, 100, 149, 150, 151, 299, 300, 359, 360, 5000])),
        st.tuples(st.just("stand"), st.sampled_from([1, 150, 300, 360, 5000])),
        st.tuples(st.sampled_from(["rotate", "fail", "recover", "ask", "ask for a new kid"]), st.just(0)),
    ),
    max_size=40,
)


class Issuer:
    """Documents with a number, which `rotate` replaces; `withdrawn_at` is when each was replaced, by true time."""

    def __init__(self) -> None:
        self.clocks = TwoClocks()
        self.is_away = False
        self.number = 0
        self.withdrawn_at: dict[int, float] = {}
        self.failed_at = float("-inf")
        self.cache = KeyCache(ISSUER, self.read, AGES, self.clocks)

    def read(self) -> IssuerDocuments:
        """Return the present documents; the max-age stands for their number."""
        if self.is_away:
            self.failed_at = self.clocks.wall
            raise DocumentFault("the issuer is away")
        return IssuerDocuments(key_set(signing_key()), str(self.number), None)

    def rotate(self) -> None:
        """Withdraw the documents, and publish others."""
        self.withdrawn_at[self.number] = self.clocks.wall
        self.number += 1


def finish(steps: Generator[Future[None], None, HeldKeys]) -> HeldKeys:
    """Return the result of steps, each future of which ends at once."""
    while True:
        try:
            call = next(steps)
        except StopIteration as end:
            held: HeldKeys = end.value
            return held
        wait([call])


def ask(issuer: Issuer) -> HeldKeys:
    """Return the keys that decide now, after the reads that they start have ended."""
    held = issuer.cache.fresh() or finish(issuer.cache.current())
    running = issuer.cache._flight.running("keys")
    if running is not None:
        wait([running])
    return held


def check(issuer: Issuer, step: str) -> None:
    """Ask for keys, and compare them or the fault with the issuer's history."""
    now = issuer.clocks.wall
    try:
        held = ask(issuer)
        if step == "ask for a new kid":
            held = finish(issuer.cache.newer(held))
    except JwksUnavailable:
        # A good token is refused in an outage alone, and for one cooldown after its last failed read.
        assert issuer.is_away or now - issuer.failed_at < AGES.cooldown
        return
    number = int(str(held.documents.introspection_endpoint))
    assert now - issuer.withdrawn_at.get(number, now) < AGES.most + AGES.stale


@example([("ask", 0), ("rotate", 0), ("fail", 0), ("wait", 301), ("ask", 0), ("wait", 100), ("ask", 0)])
@given(STEPS)
def test_withdrawn_keys_end_in_time_and_good_ones_are_found(steps: list[tuple[str, float]]) -> None:
    """I8: withdrawn keys decide for less than max-age and `stale_seconds`, and only an outage refuses good ones."""
    issuer = Issuer()
    for step, seconds in steps:
        if step == "wait":
            issuer.clocks.wait(seconds)
        elif step == "stand":  # a frozen machine: its monotonic clock stands still
            issuer.clocks.wall += seconds
        elif step == "rotate":
            issuer.rotate()
        elif step in ("fail", "recover"):
            issuer.is_away = step == "fail"
        else:
            check(issuer, step)


def test_keys_that_another_thread_has_renewed_cost_no_read() -> None:
    """A thread that asks for a new kid takes the keys that another thread has read meanwhile."""
    issuer = Issuer()
    older = ask(issuer)
    issuer.rotate()
    issuer.clocks.wait(10)
    newer = finish(issuer.cache.newer(older))
    issuer.clocks.wait(10)
    issuer.is_away = True
    assert finish(issuer.cache.newer(older)) is newer


def test_a_fork_during_a_read_reads_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was forked while its parent read the keys asks for them at once."""
    issuer = Issuer()
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)  # the thread that the fork does not copy
    next(issuer.cache.current())
    monkeypatch.undo()
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    assert ask(issuer).documents.introspection_endpoint == "0"


def test_one_request_waits_for_a_read_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5861 §4: while a name server hangs, stale keys decide without a wait after the first request."""
    issuer = Issuer()
    held = ask(issuer)
    issuer.clocks.wait(AGES.most)
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)  # a thread that hangs
    steps = issuer.cache.current()
    next(steps)
    with pytest.raises(StopIteration) as first:  # its time-out is over
        next(steps)
    with pytest.raises(StopIteration) as second:
        next(issuer.cache.current())
    assert first.value.value is second.value.value is held


def test_a_deadline_that_is_over_says_so() -> None:
    """A request whose time has run out starts no further wait."""
    with pytest.raises(TimeoutError):
        Deadline(0).remaining()
