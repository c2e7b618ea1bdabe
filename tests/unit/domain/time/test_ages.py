"""Ages of what is kept, and the seconds that tokens are compared with, by clocks that may be wrong (ADR 23)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.domain.time.ages import (
    SKEW,
    Instant,
    age,
    before_requests,
    least_elapsed,
    most_elapsed,
    present_seconds,
    request_seconds,
    was_set_back,
)
from keyturn.domain.time.service_time import service_time
from tests.fakes.token_factory import NOW

READ = Instant(100.0, 5.0)
SECONDS = st.floats(0.0, 7200.0)
SKEWS = st.floats(-SKEW, SKEW)


def by(clock: str, seconds: float) -> dict[str, Any]:
    """Return a request's time by one of its clocks, as an argument."""
    return {clock: float(seconds)}


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (Instant(103.0, 8.0), 3.0),
        (Instant(100.0, 5.0), 0.0),  # at once
        (Instant(100.0, 5.5), 0.5),  # the wall clock has whole seconds alone
        (Instant(100.25, 5.25), 0.25),
        (Instant(160.0, 6.0), 60.0),  # frozen for a minute: the monotonic clock stood still
        (Instant(101.0, 65.0), 60.0),  # the wall clock was set back by less than has passed
        (Instant(99.9, 65.0), math.inf),  # it was set back by more
    ],
)
def test_the_larger_of_two_clocks_counts(now: Instant, seconds: float) -> None:
    """An age is what the larger clock says, and infinite if the wall clock went back (I10, R47)."""
    assert age(READ, now) == seconds


def test_what_was_never_read_is_infinitely_old() -> None:
    """R47: before the first read there is nothing to decide by."""
    assert age(None, Instant(100.0, 5.0)) == math.inf


@pytest.mark.parametrize("clock", ["gateway", "invocation"])
@pytest.mark.parametrize(
    ("wall", "monotonic"),
    [(0.0, 0.0), (0.01, 0.01), (10.0, 0.0), (0.0, 10.0), (0.01, 3599.0)],  # frozen; lagging; one of the two; both
)
def test_the_requests_own_time_is_the_third_clock(clock: str, wall: float, monotonic: float) -> None:
    """R47: both clocks of a frozen sandbox may stand still, or be set back meanwhile: the request has its own time."""
    read = Instant(100.0, 5.0, **by(clock, 9000.0))
    now = Instant(100.0 + wall, 5.0 + monotonic, **by(clock, 12_600.0))
    assert age(read, now) == 3600.0


def test_the_times_of_one_clock_are_compared_and_never_two_clocks() -> None:
    """R47: a gateway that is an hour ahead of Lambda makes nothing old: each is compared with itself."""
    read = Instant(100.0, 5.0, gateway=NOW + 3600.0, invocation=float(NOW), date=NOW)
    now = Instant(101.0, 6.0, gateway=NOW + 3601.0, invocation=NOW + 1.0)
    assert age(read, now) == 1.0
    assert age(read, Instant(101.0, 6.0, NOW + 3601.0, NOW + 7.0)) == 7.0
    assert age(read, Instant(101.0, 6.0, NOW + 3608.0, NOW + 1.0)) == 8.0


@pytest.mark.parametrize("clock", ["gateway", "invocation"])
@pytest.mark.parametrize("date", [None, NOW + 3600])
def test_a_common_clock_goes_before_the_date_of_an_answer(clock: str, date: int | None) -> None:
    """R47: one clock of both requests says the age exactly, whichever it is and however far its host is ahead."""
    read = Instant(100.0, 5.0, date=NOW, **by(clock, NOW + 3600.0))
    assert age(read, Instant(101.0, 6.0, date=date, **by(clock, NOW + 3601.5))) == 1.5


@pytest.mark.parametrize(
    ("back", "seconds"), [(0.001, 1.0), (2.0, 1.0), (30.0, 1.0), (30.001, math.inf), (1e9, math.inf)]
)
@pytest.mark.parametrize("clock", ["gateway", "invocation"])
def test_a_request_that_waited_makes_nothing_old(clock: str, back: float, seconds: float) -> None:
    """R47: requests arrive out of order by up to 30 s, which says nothing; a time that went back further is wrong."""
    read = Instant(100.0, 5.0, **by(clock, float(NOW)))
    assert age(read, Instant(101.0, 6.0, **by(clock, NOW - back))) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("read", "now", "seconds"),
    [
        ({"date": NOW}, {"gateway": NOW + 13.0}, 10.0),  # a request without a time filled it
        ({"date": NOW}, {"invocation": NOW + 13.0}, 10.0),
        ({"date": NOW, "invocation": NOW + 1.0}, {"gateway": NOW + 13.0}, 10.0),  # TOKEN, and then another event
        ({"date": NOW, "gateway": NOW + 1.0}, {"invocation": NOW + 13.0}, 10.0),
        ({"date": NOW}, {"gateway": NOW + 13.0, "invocation": NOW + 5.0}, 10.0),
        ({"date": NOW}, {"gateway": NOW + 2.0}, 1.0),
        ({"date": NOW}, {}, 1.0),
        ({"gateway": float(NOW)}, {"invocation": NOW + 99.0}, 1.0),  # nothing to compare
        ({"gateway": float(NOW)}, {}, 1.0),
    ],
)
def test_times_of_different_clocks_are_compared_by_the_answers_date(
    read: dict[str, Any], now: dict[str, Any], seconds: float
) -> None:
    """R47: a read and a request without a common clock are compared by Date, less skew and resolution."""
    assert age(Instant(100.0, 5.0, **read), Instant(101.0, 6.0, **now)) == seconds


@given(passed=SECONDS, start=st.floats(0.0, 1.0))
def test_a_later_answers_date_makes_nothing_older_than_it_is(passed: float, start: float) -> None:
    """I10: rounding changes the difference of two Dates by less than a second: the age is at most 2 s short."""
    began = NOW + start
    read = Instant(0.0, 5.0, date=math.floor(began))
    seconds = age(read, Instant(0.0, 5.0, date=math.floor(began + passed)))
    assert passed - 2.0 <= seconds <= passed + 1e-6


@given(passed=SECONDS, skew=SKEWS, start=st.floats(0.0, 1.0), common=st.booleans())
def test_no_skew_makes_anything_older_than_it_is(passed: float, skew: float, start: float, common: bool) -> None:
    """R47: a gateway within 2 s of DynamoDB causes neither reads nor refusals, for any bound."""
    began = NOW + start
    read = Instant(began, 5.0, gateway=began + skew if common else None, date=math.floor(began))
    now = Instant(began + passed, 5.0 + passed, gateway=began + passed + skew)
    assert age(read, now) == pytest.approx(passed, abs=1e-6)


@given(passed=SECONDS, skew=SKEWS, start=st.floats(0.0, 1.0), common=st.booleans())
def test_with_both_clocks_still_the_age_is_short_by_a_stated_tolerance(
    passed: float, skew: float, start: float, common: bool
) -> None:
    """R47: the requests' times alone say the age: exactly by one clock, and within 5 s by Date."""
    began = NOW + start
    read = Instant(began, 5.0, gateway=began + skew if common else None, date=math.floor(began))
    now = Instant(began, 5.0, gateway=began + passed + skew)
    assert passed - (0.0 if common else 5.0) - 1e-6 <= age(read, now) <= passed + 1e-6


@given(passed=SECONDS, skew=SKEWS, still=st.floats(0.0, 1.0), start=st.floats(0.0, 1.0), witness=st.booleans())
def test_tokens_are_compared_with_no_time_to_come(
    passed: float, skew: float, still: float, start: float, witness: bool
) -> None:
    """R14: the present is never ahead of the truth; with the request's own time it is behind by 4 s at most."""
    began = NOW + start
    gateway = began + skew if witness else None
    read = Instant(began, 5.0, gateway=gateway, date=math.floor(began))
    moved = passed * still
    now = Instant(began + moved, 5.0 + moved, gateway=None if gateway is None else gateway + passed)
    seconds = present_seconds(read, Instant(began, 5.0), now)
    assert seconds <= began + passed + 1e-6
    assert seconds >= began + (passed - 4.0 if witness else moved) - 1e-6


@pytest.mark.parametrize("slow", [300.0, 7200.0])
def test_a_slow_wall_clock_is_corrected_by_the_date_of_the_last_read(slow: float) -> None:
    """R14: a wall clock that is minutes slow lets no expired token pass: the answers' Date is later."""
    read = Instant(NOW - slow, 5.0, date=NOW)
    answered = Instant(NOW - slow + 0.5, 5.5)
    assert present_seconds(read, answered, answered) == NOW
    assert present_seconds(read, answered, Instant(NOW - slow + 4.5, 9.5)) == NOW + 4
    assert present_seconds(read, answered, Instant(NOW - slow + 4.5, 5.6)) == pytest.approx(NOW + 0.1)
    assert present_seconds(read, answered, Instant(NOW - slow - 99.0, 9.5)) == NOW


def test_a_fast_wall_clock_stays() -> None:
    """R14: a wall clock that is ahead refuses early, as any verifier does: no other clock makes it earlier."""
    read = Instant(NOW + 300.0, 5.0, gateway=float(NOW), date=NOW)
    assert present_seconds(read, read, read) == NOW + 300


@pytest.mark.parametrize("clock", ["gateway", "invocation"])
def test_a_gateway_whose_clock_is_wrong_refuses_no_good_token(clock: str) -> None:
    """R14: an hour ahead is more than the skew: what has passed on that clock since the read counts, and no more."""
    read = Instant(float(NOW), 5.0, date=NOW, **by(clock, NOW + 3600.0))
    now = Instant(NOW + 4.0, 9.0, **by(clock, NOW + 3604.0))
    assert present_seconds(read, read, now) == NOW + 5


@pytest.mark.parametrize("witness", [{"gateway": NOW + 100.0}, {"invocation": NOW + 100.0}])
def test_without_a_date_the_requests_time_counts_less_the_skew(witness: dict[str, Any]) -> None:
    """R14: without a read or its Date, an expired token is refused by the request's own time."""
    now = Instant(float(NOW), 5.0, **witness)
    assert present_seconds(None, None, now) == NOW + 98
    assert present_seconds(READ, READ, now) == NOW + 98
    assert present_seconds(READ.with_date(NOW), READ, now) == NOW + 98
    assert present_seconds(READ.with_date(NOW), None, now) == NOW + 98
    assert present_seconds(None, None, Instant(float(NOW), 5.0)) == NOW


@pytest.mark.parametrize(
    ("wall", "monotonic", "ends"),
    [
        (0.0, 0.0, (0.0, 1.5)),
        (10.0, 10.0, (10.0, 11.5)),
        (3600.0, 0.1, (0.1, 3601.5)),  # frozen: the early end takes the smaller clock, the late end the larger one
        (9.6, 10.0, (9.6, 11.5)),  # slewed
        (8.9, 10.0, None),  # set back
        (-60.0, 0.0, None),
    ],
)
def test_service_time_is_an_interval(wall: float, monotonic: float, ends: tuple[float, float] | None) -> None:
    """I7: Date and the smaller clock since the answer; Date, a second, and the larger clock since the request."""
    arrived = Instant(100.5, 5.5)
    present = service_time(NOW, READ, arrived, Instant(100.5 + wall, 5.5 + monotonic))
    assert present == (None if ends is None else pytest.approx((NOW + ends[0], NOW + ends[1])))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "1790000000000",
        1790000000000.0,
        -1790000000000,
        0,
        1_790_000_000,
        10**12 - 1,
        10**13,
        10**400,
        [],
        {},
    ],
)
def test_what_is_no_time_is_no_witness(value: object) -> None:
    """R47: a time of another type, another unit or an implausible value counts as absent."""
    assert request_seconds(value) is None


def test_a_requests_time_is_in_milliseconds() -> None:
    """API Gateway and Lambda state milliseconds since the epoch."""
    assert [request_seconds(each) for each in (10**12, 1_790_000_000_250, 10**13 - 1)] == [
        1e9,
        NOW + 0.25,
        9999999999.999,
    ]


def clocks(instant: Instant) -> tuple[float | None, ...]:
    """Return an instant by each of its clocks."""
    return instant.wall, instant.monotonic, instant.gateway, instant.invocation, instant.date


def test_a_read_keeps_its_clocks_beside_the_date_of_its_answer() -> None:
    """R47: the Date changes none of the times by which the read is compared, the request's included."""
    sent = Instant(1.0, 2.0, 3.0, 4.0, 5)
    assert clocks(sent.with_date(6)) == (1.0, 2.0, 3.0, 4.0, 6)
    assert clocks(sent.without_request()) == (1.0, 2.0, None, None, 5)


@pytest.mark.parametrize(
    ("answered", "earliest"),
    [
        (Instant(100.0, 5.0), NOW - 2.0),
        (Instant(100.5, 5.25), NOW - 2.5),  # the larger of both clocks, as one may lag
        (Instant(100.25, 5.5), NOW - 2.5),
        (Instant(99.0, 4.0), NOW - 2.0),  # clocks that went back say nothing
    ],
)
def test_a_read_before_the_first_request_has_the_earliest_time_that_its_date_allows(
    answered: Instant, earliest: float
) -> None:
    """R47: a sandbox that is frozen after its start compares requests with this time, and takes data for too old."""
    assert clocks(before_requests(READ, answered, NOW)) == (READ.wall, READ.monotonic, None, earliest, NOW)


def test_a_read_before_the_first_request_without_a_date_is_as_old_as_can_be() -> None:
    """R47: nothing dates such a read: a request with a time of its own renews the data."""
    read = before_requests(READ, READ, None)
    assert clocks(read) == (READ.wall, READ.monotonic, None, -math.inf, None)
    assert age(read, Instant(READ.wall, READ.monotonic, invocation=float(NOW))) == math.inf


@given(passed=SECONDS, took=st.floats(0.0, 5.0), skew=SKEWS, start=st.floats(0.0, 1.0))
def test_a_frozen_sandbox_never_takes_a_prepared_read_for_younger_than_it_is(
    passed: float, took: float, skew: float, start: float
) -> None:
    """R47: Lambda's time of the request makes the age an upper bound, though both clocks stood still after the read."""
    began = NOW + start
    answered = Instant(100.0 + took, 5.0 + took)
    read = before_requests(READ, answered, math.floor(began + took))
    now = Instant(answered.wall, answered.monotonic, invocation=began + took + passed + skew)
    assert passed + took - 1e-6 <= age(read, now) <= passed + took + 5.0 + 1e-6


def test_the_seconds_between_two_instants_are_those_of_the_slower_or_the_faster_clock() -> None:
    """I7: the early end of service time takes the smaller clock, and the late end the larger one."""
    for now, least, most in (
        (Instant(103.0, 6.0), 1.0, 3.0),
        (Instant(101.0, 8.0), 1.0, 3.0),
        (Instant(99.0, 5.0), -1.0, 0.0),
    ):
        assert (least_elapsed(READ, now), most_elapsed(READ, now)) == (least, most)


@pytest.mark.parametrize(
    ("now", "is_back"),
    [
        (Instant(100.0, 5.0), False),
        (Instant(100.0, 5.5), False),  # a slew of half a second
        (Instant(100.0, 5.51), True),
        (Instant(160.0, 6.0), False),  # frozen
        (Instant(99.25, 5.0), True),
        (Instant(109.0, 15.0), True),
    ],
)
def test_a_wall_clock_that_lags_by_more_than_a_slew_was_set_back(now: Instant, is_back: bool) -> None:
    """I7: half a second is what a time service takes away by slowing a clock down."""
    assert was_set_back(READ, now) is is_back
