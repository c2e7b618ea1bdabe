"""The key ring port: the fake and the DynamoDB adapter behave alike (I3, I5, I8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.errors import AlreadyExists, KeyRingMissing, VersionConflict
from keyturn.domain.keys.key_ring import DEFAULT_RING, Compromise, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Target, TargetKind
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import NOW, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.ports import KeyRingStore


class Subject(NamedTuple):
    """A store, and a look at the kids that each copy of global refuses."""

    store: KeyRingStore
    global_kids: Callable[[], list[set[str]]]


@pytest.fixture(params=["memory", "dynamodb"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Return an empty store of each kind."""
    if request.param == "memory":
        memory = MemoryKeyRing()
        yield Subject(memory, lambda: [memory.global_kids] * GLOBAL_COPIES)
        return
    with moto_dynamodb() as dynamodb:
        create_table(dynamodb, "rings", "pk")
        create_table(dynamodb, "revocations", "pk", "sk")

        def global_kids() -> list[set[str]]:
            copies = [Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES)]
            found = DynamoDbRevocationReader(dynamodb, "revocations").find(copies)
            kids = {each.target: set(each.compromised_kids) for each in found}
            return [kids.get(copy, set()) for copy in copies]

        yield Subject(DynamoDbKeyRingStore(dynamodb, "rings", "revocations"), global_kids)


def ring_key(name: str, state: KeyState) -> RingKey:
    """Return a key with every kind of time."""
    key = signing_key(name=name)
    return RingKey(
        kid=key.kid,
        arn=f"arn:{name}",
        algorithm=key.algorithm,
        jwk=key.jwk,
        state=state,
        created_at=NOW,
        published_at=NOW + 1,
        activated_at=NOW + 2 if state is KeyState.ACTIVE else None,
    )


RING = KeyRing(
    name=DEFAULT_RING,
    version=1,
    keys=[ring_key("first", KeyState.ACTIVE), ring_key("second", KeyState.PRE_ACTIVATION)],
    intents=[Intent(nonce="n", since=NOW, algorithm="ES256"), Intent(nonce="m", since=NOW, algorithm="ES256", arn="a")],
    compromises=[Compromise(kid="k", at=NOW, reason="r", actor="o")],
    longest_lifetime=3600,
)


def assert_same(found: KeyRing, expected: KeyRing) -> None:
    """Compare every field."""
    assert {name: getattr(found, name) for name in KeyRing.__slots__} == {
        name: getattr(expected, name) for name in KeyRing.__slots__
    }


def test_ring_comes_back_as_it_was_stored(subject: Subject) -> None:
    """Every field of a ring survives the store."""
    subject.store.create(RING)
    assert_same(subject.store.load(DEFAULT_RING), RING)


def test_empty_ring_comes_back(subject: Subject) -> None:
    """A ring without keys, intents and emergencies survives the store."""
    empty = KeyRing(name=DEFAULT_RING, version=1, keys=(), longest_lifetime=600)
    subject.store.create(empty)
    assert_same(subject.store.load(DEFAULT_RING), empty)


def test_missing_ring_is_a_fault(subject: Subject) -> None:
    """A missing ring is a fault instead of an empty ring."""
    with pytest.raises(KeyRingMissing):
        subject.store.load(DEFAULT_RING)


def test_ring_is_created_once(subject: Subject) -> None:
    """A second creation is refused and leaves the first."""
    subject.store.create(RING)
    with pytest.raises(AlreadyExists):
        subject.store.create(RING.replace(longest_lifetime=1))
    assert subject.store.load(DEFAULT_RING).longest_lifetime == 3600


def test_save_makes_the_next_version(subject: Subject) -> None:
    """A saved ring has the next version, and is the one that is loaded."""
    ring = subject.store.create(RING)
    saved = subject.store.save(ring.replace(longest_lifetime=5))
    assert (saved.version, saved.longest_lifetime) == (2, 5)
    assert_same(subject.store.load(DEFAULT_RING), saved)


def test_save_on_an_old_version_is_refused(subject: Subject) -> None:
    """If two writers have the same version, one succeeds, and the other changes nothing (I5)."""
    ring = subject.store.create(RING)
    subject.store.save(ring.replace(longest_lifetime=5))
    with pytest.raises(VersionConflict):
        subject.store.save(ring.replace(longest_lifetime=6))
    assert subject.store.load(DEFAULT_RING).longest_lifetime == 5


def test_emergency_is_in_the_ring_and_in_every_copy_of_global(subject: Subject) -> None:
    """An emergency stores the ring and the kids in all copies of global (I8)."""
    ring = subject.store.create(RING)
    saved = subject.store.save_compromise(ring.replace(longest_lifetime=5), ["k1", "k2"])
    assert_same(subject.store.load(DEFAULT_RING), saved)
    assert subject.global_kids() == [{"k1", "k2"}] * GLOBAL_COPIES


def test_emergency_adds_to_what_global_refuses(subject: Subject) -> None:
    """A later emergency, perhaps of another ring, takes no kid back."""
    ring = subject.store.create(RING)
    ring = subject.store.save_compromise(ring, ["k1"])
    subject.store.save_compromise(ring, ["k2"])
    assert subject.global_kids() == [{"k1", "k2"}] * GLOBAL_COPIES


def test_emergency_on_an_old_version_changes_nothing(subject: Subject) -> None:
    """An emergency that comes second changes neither the ring nor global."""
    ring = subject.store.create(RING)
    subject.store.save(ring)
    with pytest.raises(VersionConflict):
        subject.store.save_compromise(ring.replace(longest_lifetime=5), ["k1"])
    assert subject.store.load(DEFAULT_RING).longest_lifetime == 3600
    assert subject.global_kids() == [set()] * GLOBAL_COPIES
