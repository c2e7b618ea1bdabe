"""One emergency within small bounds, exhaustively: what it ends, what it spares, and what each of its rules is for."""

from __future__ import annotations

from tests.model.emergency_model import PROMISED, Emergency, search, start
from tests.model.rotation_model import Bounds

# The smallest that the rules allow: a lead and a retention of one second longer than their sums, as in rotation_model.
SMALL = Bounds(view=0, verifier=1, max_age=0, lifetime=1, lead=2, retention=2)


def test_an_emergency_ends_the_stolen_key_and_no_other() -> None:
    """I8: the authorizer keeps its promise in both modes, at any time of the emergency and in any order of acts.

    No live token of another key is refused by any cache: the standby that takes over is known to all.
    """
    states, counter_example = search(SMALL, Emergency(), start())
    assert counter_example is None
    assert states > 1_000  # the search went somewhere


def test_an_emergency_that_nobody_was_prepared_for_spares_every_known_key() -> None:
    """I8: it may meet a standby that some caches do not know yet: tokens of known keys are still good."""
    states, counter_example = search(SMALL, Emergency(prepared=False), start(), known_only=True)
    assert counter_example is None
    assert states > 5_000


def test_without_a_standing_standby_new_tokens_are_refused() -> None:
    """I1: a key that is made when the emergency comes signs before caches know it."""
    _, counter_example = search(SMALL, Emergency(prepared=False), start(standby=False))
    assert counter_example is not None


def test_a_standby_that_is_younger_than_the_lead_is_why_the_operator_is_told_to_wait() -> None:
    """I1: right after a rotation the standby is new: `notes` says for how long some caches may not know it."""
    _, counter_example = search(SMALL, Emergency(prepared=False), start())
    assert counter_example is not None


def test_a_view_that_is_older_than_the_bound_breaks_the_promise() -> None:
    """I8: an authorizer that trusts its cached ring for longer accepts the stolen key."""
    _, counter_example = search(SMALL, Emergency(view=PROMISED + 1), start())
    assert counter_example is not None
    assert counter_example.marked


def test_an_emergency_of_two_writes_breaks_the_promise() -> None:
    """I8: a crash between ring and marks leaves an authorizer that decides by its view, although it reads the marks."""
    _, counter_example = search(SMALL, Emergency(at_once=False), start())
    assert counter_example is not None
    assert not counter_example.marked
