"""A user who signs in and out in a loop cannot push a sandbox into strict reads."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from keyturn.domain.clients.resource_server import MAX_TOKEN_LIFETIME
from keyturn.domain.revocations.revocation import FEED_OVERLAP
from keyturn.domain.revocations.revocation_snapshot import MAX_REVOCATIONS, RevocationSnapshot
from keyturn.domain.sessions.revocation_limit import (
    USER_REVOCATIONS,
    USER_REVOCATIONS_WINDOW,
    user_revocations_bucket,
)
from keyturn.domain.sessions.session import Session
from keyturn.jose.policy import MAX_LEEWAY
from tests.fakes.memory_credentials import MemoryAttempts

START = 1_790_000_000
LONGEST_TOKEN_LIFETIME = MAX_TOKEN_LIFETIME + MAX_LEEWAY
# So many users may do this at once, around the end of a window, without an effect on a snapshot.
USERS = 500
# Seconds between two ends of a session: a loop, a person, and intervals around the ends of windows.
GAPS = st.sampled_from(
    [0, 1, 5, 60, LONGEST_TOKEN_LIFETIME, 4320, 43_200, USER_REVOCATIONS_WINDOW - 1, USER_REVOCATIONS_WINDOW]
)


def session(number: int, *, gave_code: bool) -> Session:
    """Return the user's session of this number."""
    return Session(
        key_hash=str(number),
        session_id=f"sid-{number}",
        subject="u_0123456789abcdef012345",
        auth_time=START,
        created_at=START,
        last_used_at=START,
        idle_seconds=600,
        expires_at=START + 600,
        gave_code=gave_code,
    )


def snapshot_of(written: list[tuple[str, int]], now: int) -> RevocationSnapshot:
    """Return the snapshot of a sandbox that starts now."""
    snapshot = RevocationSnapshot(LONGEST_TOKEN_LIFETIME)
    since = snapshot.begin(now)
    snapshot.add((target, None, at) for target, at in written if at >= since)  # type: ignore[misc]
    return snapshot


@given(st.lists(st.tuples(GAPS, st.booleans()), max_size=150), st.integers(0, USER_REVOCATIONS_WINDOW))
@example([(0, True)] * 60, USER_REVOCATIONS_WINDOW - 30)
@example([(1, True)] * 60, USER_REVOCATIONS_WINDOW - 30 - START % USER_REVOCATIONS_WINDOW)
def test_a_users_sessions_fill_at_most_their_part_of_a_snapshot(ends: list[tuple[int, bool]], start: int) -> None:
    """Each snapshot has at most twice the limit of one user's revocations, and none of sessions without a code."""
    attempts, now = MemoryAttempts(), START + start
    written: list[tuple[str, int]] = []
    for number, (gap, gave_code) in enumerate(ends):
        now += gap
        ended = session(number, gave_code=gave_code)
        if ended.gave_code and not attempts.take(
            user_revocations_bucket(ended.subject), limit=USER_REVOCATIONS, window=USER_REVOCATIONS_WINDOW, now=now
        ):
            assert gave_code
            written.append((f"sid#{ended.session_id}", now))
        assert len(snapshot_of(written, now)) <= 2 * USER_REVOCATIONS


def test_hundreds_of_users_at_once_leave_a_snapshot_as_it_is() -> None:
    """R47: a snapshot covers less than a window and hence at most two; only this many users together fill it."""
    assert LONGEST_TOKEN_LIFETIME + FEED_OVERLAP < USER_REVOCATIONS_WINDOW
    written = [(f"sid#{user}-{end}", START) for user in range(USERS) for end in range(2 * USER_REVOCATIONS)]
    assert len(snapshot_of(written, START)) == len(written) <= MAX_REVOCATIONS
