"""The ports of users, authorities and consents: the fakes and the DynamoDB adapters behave alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.users.authority_item import authority_to_item
from keyturn.adapters.users.consent_item import consent_to_item
from keyturn.adapters.users.user_item import reservation_to_item, user_to_item
from keyturn.domain.errors import AlreadyExists, ItemDamaged, ItemNewer, StoreUnavailable, VersionConflict
from keyturn.domain.users.authority import Status
from tests.fakes.at_once import at_once
from tests.fakes.login_factory import ADA, BEN, make_authority, make_consent, make_interaction, make_mark, make_user
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.lost_answer import lost_answer
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.users.user import User

EMAIL = "ada@example.com"


def add_consents(stores: LoginStores, *clients: str) -> None:
    """Store a consent for each client."""
    interaction = make_interaction()
    stores.opener.create(interaction)
    for client in clients:
        assert stores.interactions.consent(interaction, make_mark(), make_consent(client_id=client))


def profiles(stores: LoginStores) -> tuple[User, ...]:
    """Return the profiles that are stored of the two users of this file."""
    return tuple(user for subject in (ADA, BEN) if (user := stores.users.get(subject)) is not None)


def update(stores: LoginStores, user: User, email: str = EMAIL, previous_email: str = EMAIL) -> User:
    return stores.users.update(user, email=email, previous_email=previous_email)


@pytest.mark.parametrize("user", [make_user(), make_user(name=None, email_verified_at=None, locale=None, claims={})])
def test_a_profile_is_found_as_it_was_stored(stores: LoginStores, user: User) -> None:
    """Every field comes back, present or not; the profile is found by its normalised address."""
    stores.users.create(user, email=EMAIL)
    assert stores.users.get(ADA) == user
    assert stores.users.find_subject(EMAIL) == ADA


@pytest.mark.parametrize("subject", [BEN, "web", "", "x" * 5000, "\ud800"])
def test_an_unknown_subject_has_nothing(stores: LoginStores, subject: str) -> None:
    """A subject that nobody has, whatever it looks like, has neither profile nor authority nor consent."""
    stores.users.create(make_user(), email=EMAIL)
    assert stores.users.get(subject) is None
    assert stores.authorities.get(subject) is None
    assert stores.consents.get(subject, "web") is None


@pytest.mark.parametrize("email", ["ben@example.com", "ADA@example.com", "", "x" * 5000, "é@\u0000", "\ud800"])
def test_an_unknown_address_has_no_subject(stores: LoginStores, email: str) -> None:
    """An address that nobody reserved is None, whatever it looks like."""
    stores.users.create(make_user(), email=EMAIL)
    assert stores.users.find_subject(email) is None


def test_an_address_belongs_to_one_user(stores: LoginStores) -> None:
    """A second user of an address is not stored at all, nor a second address of a subject."""
    stores.users.create(make_user(), email=EMAIL)
    with pytest.raises(AlreadyExists):
        stores.users.create(make_user(BEN), email=EMAIL)
    with pytest.raises(AlreadyExists):
        stores.users.create(make_user(name="Other"), email="other@example.com")
    assert profiles(stores) == (make_user(),)
    assert stores.users.find_subject("other@example.com") is None


def test_a_creation_whose_answer_was_lost_is_done(stores: LoginStores) -> None:
    """The same profile with the same address again is no conflict."""
    for _ in range(2):
        stores.users.create(make_user(), email=EMAIL)
    assert profiles(stores) == (make_user(),)


def test_one_of_two_who_want_an_address_gets_it(stores: LoginStores) -> None:
    """Two users who are created at once with one address do not both exist."""
    users = iter((make_user(), make_user(BEN)))

    def create() -> bool:
        try:
            stores.users.create(next(users), email=EMAIL)
        except AlreadyExists:
            return False
        return True

    assert sorted(at_once(2, create)) == [False, True]
    assert [user.subject for user in profiles(stores)] == [stores.users.find_subject(EMAIL)]


def test_two_who_change_a_profile(stores: LoginStores) -> None:
    """A change of an older revision is refused and leaves the user unchanged; a repeat of the same change succeeds."""
    stores.users.create(make_user(), email=EMAIL)
    changed = update(stores, make_user(name="One"))
    assert (changed.name, changed.revision) == ("One", 1)
    assert update(stores, make_user(name="One")) == changed
    with pytest.raises(VersionConflict):
        update(stores, make_user(name="Other"))
    with pytest.raises(VersionConflict):
        update(stores, make_user(BEN), "ben@example.com", "ben@example.com")
    assert profiles(stores) == (changed,)


def test_an_address_moves_with_its_profile(stores: LoginStores) -> None:
    """The new address is reserved and the old one is free, by one write."""
    stores.users.create(make_user(), email=EMAIL)
    moved = update(stores, make_user(email="b@x.example"), "b@x.example")
    assert stores.users.find_subject("b@x.example") == ADA
    assert stores.users.find_subject(EMAIL) is None
    assert stores.users.get(ADA) == moved
    stores.users.create(make_user(BEN), email=EMAIL)


def test_an_address_of_another_user_is_not_taken(stores: LoginStores) -> None:
    """A move to a reserved address, or from another user's address, is refused without a change."""
    stores.users.create(make_user(), email=EMAIL)
    stores.users.create(make_user(BEN), email="ben@example.com")
    with pytest.raises(AlreadyExists) as raised:
        update(stores, make_user(), "ben@example.com")
    assert "@" not in str(raised.value)
    for email in ("new@example.com", "ben@example.com"):
        with pytest.raises((VersionConflict, AlreadyExists)):
            update(stores, make_user(), email, "ben@example.com")
    assert stores.users.find_subject("ben@example.com") == BEN
    assert stores.users.find_subject("new@example.com") is None
    assert stores.users.get(ADA) == make_user()


def test_an_erased_user_leaves_nothing(stores: LoginStores) -> None:
    """Profile, reservation and consents go, twice if need be; those of others stay."""
    stores.users.create(make_user(), email=EMAIL)
    stores.users.create(make_user(BEN), email="ben@example.com")
    add_consents(stores, "a", "b")
    for _ in range(2):
        stores.users.erase(ADA, email=EMAIL)
    stores.users.erase(ADA, email="ben@example.com")
    stores.users.erase(ADA, email=None)
    assert stores.users.get(ADA) is None
    assert stores.users.find_subject(EMAIL) is None
    assert stores.consents.list(ADA) == ()
    assert stores.users.find_subject("ben@example.com") == BEN
    assert profiles(stores) == (make_user(BEN),)


@pytest.mark.parametrize(
    "authority",
    [
        make_authority(),
        make_authority(status=Status.DISABLED, claims={}),
        make_authority(status=Status.ERASED, claims={}, erased_at=NOW, revision=3),
    ],
)
def test_an_authority_is_found_as_it_was_stored(stores: LoginStores, authority: Any) -> None:
    """Status, claims and the time of the erasure come back."""
    stores.authorities.create(authority)
    assert stores.authorities.get(ADA) == authority


def test_two_operators_decide_about_a_user(stores: LoginStores) -> None:
    """A second authority of a subject, or a change of an older revision, is refused and changes nothing."""
    stores.authorities.create(make_authority())
    with pytest.raises(AlreadyExists):
        stores.authorities.create(make_authority(claims={}))
    disabled = stores.authorities.update(make_authority(status=Status.DISABLED))
    assert disabled.revision == 1
    with pytest.raises(VersionConflict):
        stores.authorities.update(make_authority(claims={}))
    with pytest.raises(VersionConflict):
        stores.authorities.update(make_authority(BEN))
    assert (stores.authorities.get(ADA), stores.authorities.get(BEN)) == (disabled, None)


def test_a_tombstone_stays(stores: LoginStores) -> None:
    """A creation that failed half way is undone, also twice; an erased user's subject is never free."""
    stores.authorities.create(make_authority())
    stores.authorities.create(make_authority(BEN, status=Status.ERASED, erased_at=NOW))
    for subject in (ADA, ADA, BEN):
        stores.authorities.remove(subject)
    assert [each for each in (ADA, BEN) if stores.authorities.get(each) is not None] == [BEN]


def test_consents_are_listed_by_client(stores: LoginStores) -> None:
    """Each consent is found by its client, until it is withdrawn, twice if need be."""
    assert stores.consents.list(ADA) == ()
    add_consents(stores, "b", "a")
    assert stores.consents.get(ADA, "a") == make_consent(client_id="a")
    assert [each.client_id for each in stores.consents.list(ADA)] == ["a", "b"]
    for _ in range(2):
        stores.consents.withdraw(ADA, "a", until=make_consent().at)
    assert stores.consents.get(ADA, "a") is None
    assert stores.consents.list(ADA) == (make_consent(client_id="b"),)
    assert stores.consents.list(BEN) == ()


def test_consent_that_was_given_since_is_not_withdrawn(stores: LoginStores) -> None:
    """A consent later than the cutoff of a withdrawal stays: its grant lives."""
    add_consents(stores, "a")
    stores.consents.withdraw(ADA, "a", until=make_consent().at - 1)
    assert stores.consents.get(ADA, "a") == make_consent(client_id="a")


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("TransactWriteItems", lambda stores: stores.users.create(make_user(BEN), email="ben@example.com")),
        ("TransactWriteItems", lambda stores: update(stores, make_user(name="B"))),
        ("TransactWriteItems", lambda stores: update(stores, make_user(email="b@x.example"), "b@x.example")),
        ("PutItem", lambda stores: stores.authorities.create(make_authority(BEN))),
        ("PutItem", lambda stores: stores.authorities.update(make_authority(claims={}))),
    ],
)
def test_a_write_that_is_sent_again_is_nobody_elses(
    login_dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    write: Callable[[LoginStores], object],
) -> None:
    """The answer is lost, and botocore's second attempt finds the first one's work: stored, and no conflict."""
    stores = dynamodb_stores(login_dynamodb)
    stores.users.create(make_user(), email=EMAIL)
    stores.authorities.create(make_authority())
    with lost_answer(login_dynamodb, operation, monkeypatch) as sent:
        write(stores)
    assert sent[:2] == [operation, operation]


@pytest.mark.parametrize("damage", [{"v": 9}, {"email": None}, {"name": 7}, {"claims": []}, {"revision": "1"}])
def test_a_damaged_profile_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable profile is a fault that names the subject alone."""
    login_dynamodb.put_item(TableName="users", Item=encode_item(user_to_item(make_user()) | damage))
    stores = dynamodb_stores(login_dynamodb)
    with pytest.raises(ItemDamaged, match=f"profile item u#{ADA}") as raised:
        stores.users.get(ADA)
    assert "example" not in str(raised.value).lower()
    assert "Ada" not in str(raised.value)


@pytest.mark.parametrize("damage", [{"v": 9}, {"subject": None}, {"subject": 7}, {"subject": ""}])
def test_a_damaged_reservation_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable reservation is a fault that omits the address."""
    login_dynamodb.put_item(TableName="users", Item=encode_item(reservation_to_item(EMAIL, ADA) | damage))
    stores = dynamodb_stores(login_dynamodb)
    with pytest.raises(ItemDamaged) as raised:
        stores.users.find_subject(EMAIL)
    assert "@" not in str(raised.value)


@pytest.mark.parametrize(
    "damage", [{"v": 9}, {"status": None}, {"status": "free"}, {"claims": None}, {"claims": {"sub": "x"}}]
)
def test_a_damaged_authority_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unknown status or an invalid claim is refused."""
    login_dynamodb.put_item(TableName="authorities", Item=encode_item(authority_to_item(make_authority()) | damage))
    stores = dynamodb_stores(login_dynamodb)
    with pytest.raises(ItemDamaged, match=f"authority item u#{ADA}"):
        stores.authorities.get(ADA)


@pytest.mark.parametrize("damage", [{"v": 9}, {"scopes": "a b"}, {"resource": None}, {"at": "0"}])
def test_a_damaged_consent_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable consent is a fault."""
    login_dynamodb.put_item(TableName="users", Item=encode_item(consent_to_item(make_consent()) | damage))
    stores = dynamodb_stores(login_dynamodb)
    for read in (lambda: stores.consents.get(ADA, "web"), lambda: stores.consents.list(ADA)):
        with pytest.raises(ItemDamaged, match="consent item"):
            read()


def test_items_of_the_next_release(login_dynamodb: DynamoDBClient) -> None:
    """Items of the next version are read; this release never writes back or loses their unknown fields."""
    stores = dynamodb_stores(login_dynamodb)
    next_version = {"v": 2, "new": "x"}
    login_dynamodb.put_item(TableName="users", Item=encode_item(user_to_item(make_user()) | next_version))
    login_dynamodb.put_item(TableName="users", Item=encode_item(reservation_to_item(EMAIL, ADA) | next_version))
    login_dynamodb.put_item(
        TableName="authorities", Item=encode_item(authority_to_item(make_authority()) | next_version)
    )
    assert stores.users.get(ADA) == make_user()
    assert stores.users.find_subject(EMAIL) == ADA
    with pytest.raises(VersionConflict):
        update(stores, make_user(name="A"))
    with pytest.raises(ItemNewer):
        stores.authorities.update(replace(make_authority(), claims={}))


@pytest.mark.parametrize(
    "read",
    [
        lambda stores: stores.users.get(ADA),
        lambda stores: stores.users.find_subject(EMAIL),
        lambda stores: profiles(stores),
        lambda stores: stores.users.create(make_user(), email=EMAIL),
        lambda stores: stores.users.erase(ADA, email=EMAIL),
        lambda stores: stores.authorities.get(ADA),
        lambda stores: stores.authorities.remove(ADA),
        lambda stores: stores.consents.list(ADA),
        lambda stores: stores.consents.withdraw(ADA, "web", until=0),
    ],
)
def test_a_missing_table_is_a_fault(dynamodb: DynamoDBClient, read: Callable[[LoginStores], object]) -> None:
    """A missing table is a fault instead of an unknown user; its text omits the address."""
    with pytest.raises(StoreUnavailable) as raised:
        read(dynamodb_stores(dynamodb))
    assert "@" not in str(raised.value)
