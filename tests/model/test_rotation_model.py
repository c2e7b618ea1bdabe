"""Rotation within small bounds, exhaustively: the durations' rules are enough, and each of them is needed."""

from __future__ import annotations

import pytest

from tests.model import rotation_model, two_rotators
from tests.model.rotation_model import Bounds

# Ages of exactly M + max-age and of exactly G count as usable. Publishing may fall into the second of a read. The lead
# is therefore one second longer than the rule's; continuous time and the rotator's rounding give that second.
RIGHT = Bounds(view=1, verifier=2, max_age=1, lifetime=2, lead=5, retention=3)
# A write of the ring that takes up to a second lengthens both waits by a second.
SLOW = Bounds(1, 1, 1, 1, lead=5, retention=3, write=1)
WRONG = {
    "no lead": RIGHT._replace(lead=0),
    "a lead of the verifier's cache less a second": RIGHT._replace(lead=1),
    "a lead without the issuer's view of the ring": RIGHT._replace(lead=3),
    "a lead that is a second short": RIGHT._replace(lead=4),
    "no retention": RIGHT._replace(retention=0),
    "a retention without the issuer's view of the ring": RIGHT._replace(retention=2),
    "an issuer whose view is older than the rules reckon with": RIGHT._replace(view=2),
    "a verifier that keeps keys for longer than the rules reckon with": RIGHT._replace(verifier=3),
    "tokens that live longer than the rules reckon with": RIGHT._replace(lifetime=3),
    "a lead without the time of a write": SLOW._replace(lead=4),
    "a retention without the time of a write": SLOW._replace(retention=2),
    "a write that takes longer than the rules reckon with": SLOW._replace(write=2),
}


@pytest.mark.parametrize(
    "right", [RIGHT, SLOW, Bounds(1, 1, 1, 1, 4, 2), Bounds(0, 1, 1, 2, 3, 2), Bounds(2, 1, 1, 2, 5, 4)]
)
def test_no_order_of_events_refuses_a_live_token(right: Bounds) -> None:
    """I1, I2: a live token is accepted in any order of acts, with rotations at any time."""
    states, counter_example = rotation_model.search(right)
    assert counter_example is None
    assert states > 1_000  # the search went somewhere


@pytest.mark.parametrize("wrong", WRONG)
def test_every_bound_is_needed(wrong: str) -> None:
    """I1, I2: a live token is refused in some order of events if any of the bounds is smaller."""
    _, counter_example = rotation_model.search(WRONG[wrong])
    assert counter_example is not None


def test_two_rotators_have_the_effect_of_one() -> None:
    """I3, I5: compare-and-swap keeps one key active in every state, and published keys until their time."""
    states, counter_example = two_rotators.search(RIGHT, rotation_model.start().ring, compare_and_swap=True)
    assert counter_example is None
    assert states > 1_000


def test_without_compare_and_swap_a_published_key_is_lost() -> None:
    """I5: a rotator that writes what it read before takes the other one's key out of the JWKS."""
    _, counter_example = two_rotators.search(RIGHT, rotation_model.start().ring, compare_and_swap=False)
    assert counter_example is not None
    assert counter_example.lost
