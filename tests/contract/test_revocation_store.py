"""The revocation ports: the fake and the DynamoDB adapters behave alike (R47, R49, R50)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind, pair_target
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.moto_connections import http_dynamodb
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from keyturn.ports import RevocationReader, RevocationWriter

    # The last one counts the revocations that were written.
    Store = tuple[RevocationReader, RevocationWriter, Callable[[], int]]

Fields = tuple[str, int | None, int]


@pytest.fixture(params=["memory", "boto3", "http"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Return an empty store of each kind."""
    if request.param == "memory":
        memory = MemoryRevocations()
        yield memory, memory, lambda: len(memory.writes)
        return
    with moto_dynamodb() as dynamodb:
        create_table(dynamodb, "revocations", "pk", "sk")
        client = http_dynamodb(dynamodb) if request.param == "http" else dynamodb
        writer = DynamoDbRevocationWriter(client, "revocations", SteppedClock(), token_lifetime=3610)

        def count() -> int:
            items = dynamodb.scan(TableName="revocations")["Items"]
            return sum(item["pk"]["S"].startswith("feed#") for item in items)

        yield DynamoDbRevocationReader(client, "revocations"), writer, count


def target(kind: TargetKind, identifier: str) -> Target:
    """Return the target of this kind; a pair is at the client `web`."""
    return pair_target(identifier, "web") if kind is TargetKind.PAIR else Target.of(kind, identifier)


def revocation(kind: TargetKind, identifier: str, not_before: int | None = None, lifetime: int = 1000) -> Revocation:
    """Return a revocation that ends `lifetime` seconds after NOW."""
    return Revocation(target(kind, identifier), not_before=not_before, expires_at=NOW + lifetime)


def revoke(store: Store, *revocations: Revocation) -> None:
    """Store the revocations."""
    for each in revocations:
        store[1].revoke(each, reason="test", actor="test")


def find(store: Store, *targets: Target) -> list[Fields]:
    """Return what is stored about the targets, as plain values, by key."""
    found = store[0].find(targets)
    return sorted((each.target.key, each.not_before, each.expires_at) for each in found)


JTI = Target.of(TargetKind.TOKEN, "j1")
CLIENT = Target.of(TargetKind.CLIENT, "web")


def test_nothing_is_revoked(store: Store) -> None:
    """An empty store returns an empty tuple, also for an empty list of targets."""
    assert find(store, JTI, CLIENT) == []
    assert find(store) == []


@pytest.mark.parametrize("kind", [kind for kind in TargetKind if kind is not TargetKind.GLOBAL])
def test_what_is_revoked_is_found(store: Store, kind: TargetKind) -> None:
    """A revocation is found by its target, and by no other (R47)."""
    revoke(store, revocation(kind, "x", NOW))
    assert find(store, target(kind, "x")) == [(target(kind, "x").key, NOW, NOW + 1000)]
    others = [target(other, "x") for other in TargetKind if other is not kind]
    assert find(store, target(kind, "X"), *others) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_subject_and_its_pairs_are_apart(store: Store, order: tuple[int, ...]) -> None:
    """A subject and two of its pairs keep their own cutoffs, written in any order and read in any company."""
    targets = [Target.of(TargetKind.SUBJECT, "u"), pair_target("u", "web"), pair_target("u", "app")]
    for step, number in enumerate(order):
        cutoff = Revocation(targets[number], not_before=NOW + number, expires_at=NOW + 1000 + step)
        revoke(store, cutoff, cutoff)
        held = sorted((targets[each].key, NOW + each) for each in order[: step + 1])
        assert [(key, not_before) for key, not_before, _ in find(store, *targets)] == held
        assert [len(find(store, each)) for each in targets] == [each in order[: step + 1] for each in range(3)]
    assert store[2]() == 3
    assert find(store, pair_target("u", "other"), pair_target("v", "web"), Target.of(TargetKind.CLIENT, "web")) == []


@pytest.mark.parametrize("later", [TargetKind.SUBJECT, TargetKind.PAIR])
def test_a_sooner_expiry_never_hides_the_other(store: Store, later: TargetKind) -> None:
    """Where a subject and a pair expire at different times, neither is forgotten before its own time (R50)."""
    both = (TargetKind.SUBJECT, TargetKind.PAIR)
    for kind in both:
        revoke(store, revocation(kind, "u", NOW, lifetime=2000 if kind is later else 1000))
        revoke(store, revocation(kind, "u", NOW - 1, lifetime=500))
    held = find(store, *(target(kind, "u") for kind in both))
    found = {key: (not_before, expires_at) for key, not_before, expires_at in held}
    assert {not_before for not_before, _ in found.values()} == {NOW}
    assert found[target(later, "u").key][1] == NOW + 2000
    assert min(expires_at for _, expires_at in found.values()) >= NOW + 1000


def test_several_at_once(store: Store) -> None:
    """All targets of a token are asked in one read, each once."""
    revoke(store, revocation(TargetKind.TOKEN, "j1"), revocation(TargetKind.CLIENT, "web", NOW))
    assert [key for key, _, _ in find(store, JTI, CLIENT, JTI, Target.of(TargetKind.SUBJECT, "web"))] == [
        "client#web",
        "jti#j1",
    ]


def test_idempotent(store: Store) -> None:
    """A revocation that is there already stays as it is (R50)."""
    revoke(store, *[revocation(TargetKind.TOKEN, "j1")] * 3)
    assert find(store, JTI) == [("jti#j1", None, NOW + 1000)]
    assert store[2]() == 1


@pytest.mark.parametrize(("cutoffs", "writes"), [((0, 0, 0), 1), ((0, -5, -1), 1), ((0, 1, 1, 0), 2), ((-5, 0, 5), 3)])
@pytest.mark.parametrize("kind", [TargetKind.CLIENT, TargetKind.SUBJECT, TargetKind.PAIR, TargetKind.GLOBAL])
def test_a_later_cutoff_alone_is_written(store: Store, kind: TargetKind, cutoffs: tuple[int, ...], writes: int) -> None:
    """The same cutoff or an earlier one writes nothing, a later one does (R49, R50)."""
    revoke(store, *[revocation(kind, "0", NOW + cutoff) for cutoff in cutoffs])
    assert store[2]() == writes


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param((NOW - 5, 500), (NOW, NOW + 1000), id="weaker"),
        pytest.param((NOW + 5, 1500), (NOW + 5, NOW + 1500), id="stronger"),
        pytest.param((NOW + 5, 500), (NOW + 5, NOW + 1000), id="later cut, sooner forgotten"),
        pytest.param((NOW - 5, 1500), (NOW, NOW + 1500), id="earlier cut, later forgotten"),
    ],
)
def test_the_stronger_stays(store: Store, second: tuple[int, int], expected: tuple[int, int]) -> None:
    """A second revocation never weakens the first: not_before and expires_at stay at the later value (R50)."""
    revoke(store, revocation(TargetKind.CLIENT, "web", NOW), revocation(TargetKind.CLIENT, "web", *second))
    assert find(store, CLIENT) == [("client#web", *expected)]


@pytest.mark.parametrize(("lifetime", "expected"), [(500, 1000), (1500, 1500)])
def test_token_is_remembered_longest(store: Store, lifetime: int, expected: int) -> None:
    """A token that is revoked again is remembered for the longer of the two times (R50)."""
    revoke(store, revocation(TargetKind.TOKEN, "j1"), revocation(TargetKind.TOKEN, "j1", lifetime=lifetime))
    assert find(store, JTI) == [("jti#j1", None, NOW + expected)]


def test_everything(store: Store) -> None:
    """A global revocation is in every copy of global (R49)."""
    revoke(store, revocation(TargetKind.GLOBAL, "0", NOW), revocation(TargetKind.GLOBAL, "7", NOW - 1, 2000))
    copies = [Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES)]
    assert find(store, *copies) == sorted((copy.key, NOW, NOW + 2000) for copy in copies)
