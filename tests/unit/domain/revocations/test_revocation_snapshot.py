"""Live revocations in memory: what is hit, what is read again, and what is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.domain.revocations import revocation_snapshot
from keyturn.domain.revocations.revocation import FEED_OVERLAP, Revocation, Target, TargetKind, pair_target
from keyturn.domain.revocations.revocation_snapshot import FeedEntry, RevocationSnapshot, TooManyRevocations

if TYPE_CHECKING:
    from collections.abc import Iterator

HORIZON = 3610
T = 1_790_000_000


def entry(target: str, not_before: int | None = None, written_at: int = T) -> FeedEntry:
    """Return an entry of the feed."""
    return (target, not_before, written_at)  # type: ignore[return-value]


def snapshot_of(*entries: FeedEntry, now: int = T) -> RevocationSnapshot:
    """Return a snapshot that was read to the end."""
    snapshot = RevocationSnapshot(HORIZON)
    snapshot.begin(now)
    snapshot.add(entries)
    snapshot.complete(now)
    return snapshot


def hit(snapshot: RevocationSnapshot, target: Target, *, issued_at: int = T, kid: str = "k") -> bool:
    """Return whether a token of this target is refused."""
    return any(found.hits(issued_at=issued_at, kid=kid, now=T) for found in snapshot.find([target]))


@pytest.mark.parametrize("kind", [TargetKind.TOKEN, TargetKind.GRANT, TargetKind.SESSION])
def test_what_was_ended_is_hit_whatever_its_iat(kind: TargetKind) -> None:
    """R47: a revoked token, grant or session is refused, and no other of its kind."""
    snapshot = snapshot_of(entry(f"{kind}#a"))
    assert hit(snapshot, Target.of(kind, "a"), issued_at=T + 100 * HORIZON)
    assert not hit(snapshot, Target.of(kind, "b"))
    assert [found.not_before for found in snapshot.find([Target.of(kind, "a")])] == [None]


@pytest.mark.parametrize("kind", [TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR])
def test_a_cut_spares_what_was_issued_after_it(kind: TargetKind) -> None:
    """R49: iat up to the cutoff is refused; the latest of several cutoffs counts, in any order of arrival."""
    snapshot = snapshot_of(entry(f"{kind}#a", T + 5), entry(f"{kind}#a", T))
    assert hit(snapshot, Target.of(kind, "a"), issued_at=T + 5)
    assert not hit(snapshot, Target.of(kind, "a"), issued_at=T + 6)


def test_a_whole_client_costs_one_item() -> None:
    """R49: one cutoff refuses every token that the client holds."""
    snapshot = snapshot_of(entry("client#web", T))
    client = Target.of(TargetKind.CLIENT, "web")
    tokens = [(Target.of(TargetKind.TOKEN, str(number)), client) for number in range(1000)]
    assert all(snapshot.find(token)[0].hits(issued_at=T, kid="k", now=T) for token in tokens)
    assert len(snapshot) == 1


def test_a_cut_at_the_beginning_of_time_hits_nothing_and_is_no_error() -> None:
    """A cutoff of 0 is a cutoff."""
    assert hit(snapshot_of(entry("sub#a", 0)), Target.of(TargetKind.SUBJECT, "a"), issued_at=0)


def test_global_is_what_was_read_of_it() -> None:
    """The copy of global that was read is found for each token, compromised kids too (I8); its feed items are not."""
    snapshot = snapshot_of(entry("global#3", T + 9))
    assert snapshot.find([Target.of(TargetKind.GLOBAL, "3")]) == ()
    snapshot.global_revocation = Revocation(
        Target.of(TargetKind.GLOBAL, "0"), expires_at=T + 99, not_before=T - 1, compromised_kids={"stolen"}
    )
    assert hit(snapshot, Target.of(TargetKind.GLOBAL, "3"), issued_at=T - 1)
    assert hit(snapshot, Target.of(TargetKind.GLOBAL, "3"), kid="stolen")
    assert not hit(snapshot, Target.of(TargetKind.GLOBAL, "3"))


def test_every_target_of_a_token_is_looked_for() -> None:
    """R47: a global revocation hides no revocation of the token, in any order of look-ups."""
    snapshot = snapshot_of(entry("jti#a"))
    snapshot.global_revocation = Revocation(Target.of(TargetKind.GLOBAL, "0"), expires_at=T + 99, not_before=T - 1)
    targets = [
        Target.of(TargetKind.GLOBAL, "3"),
        Target.of(TargetKind.SESSION, "none"),
        Target.of(TargetKind.TOKEN, "a"),
    ]
    for order in (targets, targets[::-1]):
        found = {each.target.kind for each in snapshot.find(order)}
        assert found == {TargetKind.GLOBAL, TargetKind.TOKEN}


def test_an_identifier_may_hold_the_sign_that_ends_a_kind() -> None:
    """A subject of another issuer may have a # in it: it is found, and counted as a subject."""
    snapshot = snapshot_of(entry("sub#a#b", T), entry("sub#c", T), entry("pair#a#b#web", T), entry("jti#a"))
    assert hit(snapshot, Target.of(TargetKind.SUBJECT, "a#b"))
    assert hit(snapshot, pair_target("a#b", "web"))
    assert not hit(snapshot, pair_target("a", "b"))
    counts = {kind: count for kind, count in snapshot.count_kinds().items() if count}
    assert counts == {"sub": 2, "pair": 1, "jti": 1}


def test_the_first_read_goes_back_to_the_oldest_token_that_lives() -> None:
    """A revocation older than the longest token lifetime is removed."""
    assert RevocationSnapshot(HORIZON).begin(T) == T - HORIZON - FEED_OVERLAP


def test_the_next_read_overlaps_the_last_one() -> None:
    """R47: a writer's clock may be behind, and its item visible late: what was written shortly before is read again."""
    assert snapshot_of(now=T).begin(T + 7) == T - FEED_OVERLAP


def test_a_clock_that_jumped_ahead_hides_nothing() -> None:
    """A read at a time that was wrong, and too late, does not move the next one ahead."""
    assert snapshot_of(now=T + 10_000).begin(T) == T - FEED_OVERLAP


def test_a_read_that_failed_does_not_move_the_next_one() -> None:
    """Entries that a read added before it failed stay, and are read again."""
    snapshot = snapshot_of(now=T)
    snapshot.begin(T + 5)
    snapshot.add([entry("jti#a")])
    assert snapshot.begin(T + 60) == T - FEED_OVERLAP
    assert hit(snapshot, Target.of(TargetKind.TOKEN, "a"))


def test_what_is_over_is_looked_for_once_a_minute() -> None:
    """Reads come every few seconds, and each look at all that is held takes time."""
    snapshot = snapshot_of(entry("jti#a", written_at=T + 1 - HORIZON - FEED_OVERLAP))
    for seconds, held in ((1, 1), (59, 1), (60, 0)):
        snapshot.begin(T + seconds)
        assert len(snapshot) == held


@pytest.mark.parametrize(
    ("kept", "forgotten"),
    [
        (entry("jti#a", written_at=T + 1), entry("jti#b", written_at=T)),
        (entry("sub#a", T + 1), entry("sub#b", T)),
        (entry("pair#a", T + 1), entry("pair#b", T)),
    ],
)
def test_what_can_hit_nothing_any_more_is_forgotten(kept: FeedEntry, forgotten: FeedEntry) -> None:
    """A revocation stays for as long as a token that it hits is accepted, and no longer."""
    snapshot = snapshot_of(kept, forgotten)
    snapshot.begin(T + HORIZON + FEED_OVERLAP)
    kind = TargetKind(kept[0].partition("#")[0])
    assert hit(snapshot, Target.of(kind, "a"), issued_at=T)
    assert not hit(snapshot, Target.of(kind, "b"), issued_at=T)
    assert len(snapshot) == 1


def test_a_million_revocations_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot stops at its limit and says so; known revocations are ignored then."""
    monkeypatch.setattr(revocation_snapshot, "MAX_REVOCATIONS", 100)
    snapshot = snapshot_of(*(entry(f"jti#{n}") for n in range(100)))
    snapshot.add([entry("jti#5"), entry("jti#6", written_at=T + 1)])
    with pytest.raises(TooManyRevocations, match="more than 100"):
        snapshot.add(entry(f"jti#{n}") for n in range(1_000_000))
    assert len(snapshot) == 101


def test_a_million_revocations_of_one_subject_are_not_read_to_their_end() -> None:
    """Somebody who revokes one thing over and over makes readers ask one by one, and costs them a bounded read."""
    read = 0

    def over_and_over() -> Iterator[FeedEntry]:
        nonlocal read
        for read in range(1_000_000):
            yield entry("sub#a", T + read)

    snapshot = RevocationSnapshot(HORIZON)
    snapshot.begin(T)
    with pytest.raises(TooManyRevocations, match="entries of"):
        snapshot.add(over_and_over())
    assert (len(snapshot), read) == (1, 3 * revocation_snapshot.MAX_REVOCATIONS)
