"""One call for each key at a time, whatever happens to its thread."""

from __future__ import annotations

import os
import threading

import pytest

from keyturn.verifier.single_flight import SingleFlight


def test_a_machine_without_threads_starts_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that fails to start leaves no call behind that others would wait for."""
    flight: SingleFlight[int] = SingleFlight(1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no thread")))
        assert flight.start("a", lambda: 1) is None
    call = flight.start("a", lambda: 1)
    assert call is not None
    assert call.result(20) == 1


def test_a_fork_forgets_the_calls_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork copies calls without their threads, and a copied call would never end."""
    flight: SingleFlight[int] = SingleFlight(1)
    released = threading.Event()
    call = flight.start("a", lambda: int(released.wait(20)))
    assert call is not None
    assert flight.running("a") is call
    assert flight.start("a", lambda: 2) is call
    parent = os.getpid()
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: parent + 1)
        assert flight.running("a") is None
        mine = flight.start("a", lambda: 3)
        assert mine is not None
        assert mine.result(20) == 3
    released.set()
    assert call.result(20) == 1


def test_a_call_that_raises_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a call is shown by Python's hook, and is no reason to wait for ever."""
    shown: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", shown.append)
    flight: SingleFlight[int] = SingleFlight(1)
    call = flight.start("a", lambda: 1 // 0)
    assert call is not None
    assert call.result(20) is None
    assert flight.running("a") is None
    for thread in threading.enumerate():
        if thread.name == "keyturn":
            thread.join(20)
    assert [each.exc_type for each in shown] == [ZeroDivisionError]


def test_a_waiter_that_gives_up_cancels_nothing() -> None:
    """The call of one waiter is that of all others too."""
    flight: SingleFlight[int] = SingleFlight(1)
    released = threading.Event()
    call = flight.start("a", lambda: int(released.wait(20)))
    assert call is not None
    assert not call.cancel()
    released.set()
    assert call.result(20) == 1
