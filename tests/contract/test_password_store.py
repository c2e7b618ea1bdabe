"""The ports of passwords, links, known browsers, attempts and the pepper: fakes and adapters behave alike."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.credentials.credential_items import link_to_item, password_to_item
from keyturn.adapters.credentials.kms_pepper import KmsPepper
from keyturn.domain.credentials.link import hash_link
from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.domain.errors import ItemDamaged, KeyUnusable, StoreUnavailable
from tests.fakes.at_once import at_once
from tests.fakes.login_factory import ADA, BEN, make_link, make_password
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.lost_answer import lost_answer
from tests.fakes.memory_credentials import PEPPER_KEY, MemoryPepper
from tests.fakes.moto_connections import http_kms
from tests.fakes.moto_kms import moto_kms
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.user_ports import Pepper

DEVICE = "d0" * 32
COSTLIER = make_password(mac="77" * 32, salt="88" * 16, parameters=Argon2Parameters(memory=65_536, iterations=3))


def knows(stores: LoginStores, **changes: Any) -> bool:
    """Return whether Ada's device is known, with changes."""
    asked: dict[str, Any] = {"subject": ADA, "device_hash": DEVICE, "credential_revision": 0, "now": NOW} | changes
    return stores.known_browsers.knows(asked.pop("subject"), asked.pop("device_hash"), **asked)


def test_a_password_is_found_as_it_was_stored(stores: LoginStores) -> None:
    """Every field comes back; another user has none."""
    stores.add_user()
    assert stores.passwords.get(ADA) == make_password()
    assert stores.passwords.get(BEN) is None


def test_a_password_is_hashed_again(stores: LoginStores) -> None:
    """The costlier hash is in the place of the one that was read, at the same revision; twice is no error."""
    stores.add_user()
    for _ in range(2):
        assert stores.passwords.rehash(COSTLIER, previous=make_password())
    assert stores.passwords.get(ADA) == COSTLIER


def test_a_password_that_changed_is_not_hashed_again(stores: LoginStores) -> None:
    """The old password does not come back by a sign-in that was slow, nor that of a user without one."""
    authority, previous = stores.add_user()
    user = stores.users.get(ADA)
    assert user is not None
    changed = make_password(mac="99" * 32, revision=1)
    assert stores.sign_ins.change_password(changed, authority=authority, user=user, previous=previous, link=None)
    assert not stores.passwords.rehash(COSTLIER, previous=previous)
    assert not stores.passwords.rehash(make_password(BEN), previous=make_password(BEN))
    assert stores.passwords.get(ADA) == changed
    assert stores.passwords.get(BEN) is None


@pytest.mark.parametrize("link", [make_link(), make_link(credential_revision=3, user_revision=2, expires_at=1)])
def test_a_link_is_found_as_it_was_stored(stores: LoginStores, link: Any) -> None:
    """Every field comes back, and the caller says whether it is over; another value has none."""
    for _ in range(2):
        stores.passwords.add_link(link)
    assert stores.passwords.get_link(link.key_hash) == link
    assert stores.passwords.get_link(hash_link("another")) is None


def test_an_erased_user_has_no_credential(stores: LoginStores) -> None:
    """Password, known browsers and failures go, twice if need be; those of others stay."""
    stores.add_user()
    for subject in (ADA, BEN):
        stores.attempts.fail(subject, now=NOW)
        for device in (DEVICE, "d1" * 32):
            stores.known_browsers.remember(subject, device, credential_revision=0, expires_at=NOW + 9)
    for _ in range(2):
        stores.passwords.erase(ADA)
    assert stores.passwords.get(ADA) is None
    assert [knows(stores, subject=subject) for subject in (ADA, BEN)] == [False, True]
    assert [stores.attempts.failures(subject) for subject in (ADA, BEN)] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"now": NOW + 8}, True),
        ({"now": NOW + 9}, False),
        ({"credential_revision": 1}, False),
        ({"subject": BEN}, False),
        ({"device_hash": "d1" * 32}, False),
    ],
    ids=str,
)
def test_a_device_is_known(stores: LoginStores, changes: dict[str, Any], known: bool) -> None:
    """A browser is known for its user, until its end, and since the present password alone."""
    stores.known_browsers.remember(ADA, DEVICE, credential_revision=0, expires_at=NOW + 9)
    assert knows(stores, **changes) == known


def test_a_device_is_remembered_again(stores: LoginStores) -> None:
    """A later sign-in prolongs it, also with another password."""
    stores.known_browsers.remember(ADA, DEVICE, credential_revision=0, expires_at=NOW + 9)
    stores.known_browsers.remember(ADA, DEVICE, credential_revision=1, expires_at=NOW + 99)
    assert knows(stores, credential_revision=1, now=NOW + 98)
    assert not knows(stores)


def test_devices_are_forgotten(stores: LoginStores) -> None:
    """All browsers of a user are unknown then, twice if need be; password, failures and other users stay."""
    stores.add_user()
    stores.attempts.fail(ADA, now=NOW)
    for subject, device in ((ADA, DEVICE), (ADA, "d1" * 32), (BEN, DEVICE)):
        stores.known_browsers.remember(subject, device, credential_revision=0, expires_at=NOW + 9)
    for _ in range(2):
        stores.known_browsers.forget(ADA)
    assert [knows(stores), knows(stores, device_hash="d1" * 32), knows(stores, subject=BEN)] == [False, False, True]
    assert stores.passwords.get(ADA) == make_password()
    assert stores.attempts.failures(ADA) == 1


def test_a_bucket_takes_its_limit(stores: LoginStores) -> None:
    """An attempt within the limit returns 0; beyond it the seconds to the next window are returned without counting."""
    start = NOW - NOW % 900
    taken = [stores.attempts.take("account", limit=3, window=900, now=start + at) for at in (0, 1, 2, 3, 899)]
    assert taken == [0, 0, 0, 897, 1]
    assert stores.attempts.take("account", limit=4, window=900, now=start + 4) == 0
    assert stores.attempts.take("account", limit=3, window=900, now=start + 900) == 0


def test_buckets_are_apart(stores: LoginStores) -> None:
    """A full bucket stops no other one."""
    for bucket in ("a", "b", "a#b", "ü#1"):
        assert stores.attempts.take(bucket, limit=1, window=60, now=NOW) == 0
        assert stores.attempts.take(bucket, limit=1, window=60, now=NOW) > 0


def test_sixteen_at_once_do_not_pass_the_limit(stores: LoginStores) -> None:
    """However many come at once, the limit gets in."""
    results = at_once(16, lambda: stores.attempts.take("a", limit=5, window=60, now=NOW))
    assert results.count(0) == 5


def test_failures_in_a_row_are_counted(stores: LoginStores) -> None:
    """Each one counts, at once or not, until they are forgiven, twice if need be."""
    assert stores.attempts.failures(ADA) == 0
    assert stores.attempts.fail(ADA, now=NOW) == 1
    assert sorted(at_once(8, lambda: stores.attempts.fail(ADA, now=NOW + 1))) == list(range(2, 10))
    assert stores.attempts.failures(ADA) == 9
    assert stores.attempts.failures(BEN) == 0
    for _ in range(2):
        stores.attempts.forgive(ADA)
    assert stores.attempts.failures(ADA) == 0
    assert stores.attempts.fail(ADA, now=NOW) == 1


def test_an_attempt_that_the_client_sends_again_is_one(
    login_dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last attempt within the limit passes although its answer was lost, and the next one is refused."""
    attempts = dynamodb_stores(login_dynamodb).attempts
    attempts.take("a", limit=2, window=60, now=NOW)
    with lost_answer(login_dynamodb, "UpdateItem", monkeypatch) as sent:
        assert attempts.take("a", limit=2, window=60, now=NOW) == 0
    assert sent == ["UpdateItem", "UpdateItem"]
    with lost_answer(login_dynamodb, "UpdateItem", monkeypatch):
        assert attempts.take("a", limit=2, window=60, now=NOW) > 0


def test_a_rehash_that_is_sent_again_is_one(login_dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is lost, and botocore's second attempt finds the first one's work."""
    stores = dynamodb_stores(login_dynamodb)
    stores.add_user()
    with lost_answer(login_dynamodb, "PutItem", monkeypatch) as sent:
        assert stores.passwords.rehash(COSTLIER, previous=make_password())
    assert sent == ["PutItem", "PutItem"]


@pytest.mark.parametrize(
    "damage",
    [{"v": 9}, {"mac": None}, {"salt": 7}, {"parameters": {"memory": 1}}, {"parameters": 7}, {"revision": "0"}],
)
def test_a_damaged_password_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable password is a fault: a user without one could choose a password by a link."""
    item = password_to_item(make_password()) | damage
    login_dynamodb.put_item(TableName="credentials", Item=encode_item(item))
    with pytest.raises(ItemDamaged, match=f"password item u#{ADA}") as raised:
        dynamodb_stores(login_dynamodb).passwords.get(ADA)
    assert make_password().mac not in str(raised.value)


@pytest.mark.parametrize("damage", [{"v": 9}, {"subject": None}, {"user_revision": "0"}, {"expires_at": None}])
def test_a_damaged_link_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable link is a fault."""
    login_dynamodb.put_item(TableName="credentials", Item=encode_item(link_to_item(make_link()) | damage))
    with pytest.raises(ItemDamaged, match="link item l#"):
        dynamodb_stores(login_dynamodb).passwords.get_link(make_link().key_hash)


def test_damaged_devices_and_counters_are_faults(login_dynamodb: DynamoDBClient) -> None:
    """An unreadable device or counter is a fault."""
    for sort_key in (f"d#{DEVICE}", "failures"):
        item = {"pk": f"u#{ADA}", "sk": sort_key, "v": 1, "credential_revision": "0", "failed": "0"}
        login_dynamodb.put_item(TableName="credentials", Item=encode_item(item))
    stores = dynamodb_stores(login_dynamodb)
    reads: list[Callable[[], object]] = [lambda: knows(stores), lambda: stores.attempts.failures(ADA)]
    for read in reads:
        with pytest.raises(ItemDamaged):
            read()


def test_the_table_is_collected(login_dynamodb: DynamoDBClient) -> None:
    """Links, known browsers and buckets have the attribute that the TTL reads; passwords and failures have none."""
    stores = dynamodb_stores(login_dynamodb)
    stores.add_user()
    stores.passwords.add_link(make_link("the-value"))
    stores.known_browsers.remember(ADA, DEVICE, credential_revision=0, expires_at=NOW + 9)
    stores.attempts.take("a", limit=5, window=60, now=NOW)
    stores.attempts.fail(ADA, now=NOW)
    items = login_dynamodb.scan(TableName="credentials")["Items"]
    ends = {item["sk"]["S"].partition("#")[0]: item.get("expires_at", {}).get("N") for item in items}
    start = NOW - NOW % 60
    expected = {"link": NOW + 900, "d": NOW + 9, "attempts": start + 120}
    assert ends == {name: str(at) for name, at in expected.items()} | {"password": None, "failures": None}
    assert "the-value" not in str(items)
    assert all(item["v"] == {"N": "1"} for item in items)


@pytest.mark.parametrize(
    "call",
    [
        lambda stores: stores.passwords.get(ADA),
        lambda stores: stores.passwords.rehash(COSTLIER, previous=make_password()),
        lambda stores: stores.passwords.add_link(make_link()),
        lambda stores: stores.passwords.get_link(make_link().key_hash),
        lambda stores: stores.passwords.erase(ADA),
        knows,
        lambda stores: stores.known_browsers.remember(ADA, DEVICE, credential_revision=0, expires_at=NOW),
        lambda stores: stores.known_browsers.forget(ADA),
        lambda stores: stores.attempts.take("a", limit=1, window=60, now=NOW),
        lambda stores: stores.attempts.fail(ADA, now=NOW),
        lambda stores: stores.attempts.failures(ADA),
        lambda stores: stores.attempts.forgive(ADA),
    ],
)
def test_a_missing_table_is_a_fault(dynamodb: DynamoDBClient, call: Callable[[LoginStores], object]) -> None:
    """A table that is not there is a fault, and neither an unknown password nor an empty bucket."""
    with pytest.raises(StoreUnavailable):
        call(dynamodb_stores(dynamodb))


@pytest.fixture(params=["memory", "boto3", "http"])
def pepper(request: pytest.FixtureRequest) -> Iterator[tuple[Pepper, Pepper, Callable[[], object]]]:
    """Return two peppers of different keys, and what disables the key of the first."""
    if request.param == "memory":
        memory = MemoryPepper()
        yield memory, MemoryPepper(f"{PEPPER_KEY}-2"), lambda: memory.unusable.add(PEPPER_KEY)
        return
    with moto_kms() as kms:
        keys = [
            kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"] for _ in range(2)
        ]
        client = http_kms() if request.param == "http" else kms
        yield KmsPepper(client, keys[0]), KmsPepper(client, keys[1]), lambda: None


def test_a_mac_is_the_keys_own(pepper: tuple[Pepper, Pepper, object]) -> None:
    """The same message has the same MAC by the same key, and another by another key."""
    one, other, _ = pepper
    mac = one.mac(one.key, b"message")
    assert len(mac) == 32
    assert one.mac(one.key, b"message") == other.mac(one.key, b"message") == mac
    assert len({mac, one.mac(one.key, b"massage"), one.mac(other.key, b"message")}) == 3


def test_a_key_that_is_gone_is_a_fault(pepper: tuple[Pepper, Pepper, Callable[[], object]]) -> None:
    """A password whose key is disabled or gone is neither right nor wrong."""
    one, _, disable = pepper
    disable()
    key = one.key if isinstance(one, MemoryPepper) else one.key[:-12] + "0" * 12
    with pytest.raises(KeyUnusable, match="KMS GenerateMac"):
        one.mac(key, b"message")


def test_the_memory_pepper_is_an_hmac() -> None:
    """Two fakes of one process agree, as two sandboxes do, and the key of a MAC is no plain hash."""
    assert MemoryPepper().mac("k", b"m") == MemoryPepper().mac("k", b"m")
    assert MemoryPepper().mac("k", b"m") != hmac.digest(b"k", b"m", hashlib.sha256)
