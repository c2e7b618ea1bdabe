"""The ports of sessions: the fake and the DynamoDB adapters behave alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.sessions.dynamodb_sessions import DynamoDbSessions
from keyturn.adapters.sessions.session_item import pointer_to_item, session_to_item
from keyturn.domain.errors import ItemDamaged, StoreUnavailable
from keyturn.domain.sessions.session import Session, hash_cookie
from tests.fakes.at_once import at_once
from tests.fakes.login_factory import ADA, BEN, make_session
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.lost_answer import lost_answer
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def put(dynamodb: DynamoDBClient, session: Session, **changes: Any) -> None:
    """Store a session and its pointer, with changes of the session's item."""
    for item in (session_to_item(session) | changes, pointer_to_item(session)):
        dynamodb.put_item(TableName="sessions", Item=encode_item(item))


@pytest.mark.parametrize("session", [make_session(), make_session(acr=None, amr=(), device="", gave_code=True)])
def test_a_session_is_found_as_it_was_stored(stores: LoginStores, session: Session) -> None:
    """Every field comes back, present or absent; another cookie gives None."""
    stores.add_user()
    stores.add_session(session)
    assert stores.sessions.get(session.key_hash) == session
    assert stores.sessions.get(hash_cookie("another")) is None
    assert stores.sessions.list(BEN) == ()


def test_a_session_that_is_over_is_still_found(stores: LoginStores) -> None:
    """The store compares no time: a session that has ended is returned, and the caller says that it is over."""
    stores.add_user()
    ended = stores.add_session(make_session(expires_at=1))
    assert stores.sessions.get(ended.key_hash) == ended
    assert stores.sessions.list(ADA) == (ended,)


def test_use_prolongs_a_session(stores: LoginStores) -> None:
    """`last_used_at` moves; a code that was given once is never forgotten."""
    stores.add_user()
    session = stores.add_session()
    assert stores.sessions.touch(session, now=NOW + 300, gave_code=False)
    assert stores.sessions.get(session.key_hash) == replace(session, last_used_at=NOW + 300)
    assert stores.sessions.touch(session, now=NOW + 600, gave_code=True)
    assert stores.sessions.touch(session, now=NOW + 900, gave_code=False)
    assert stores.sessions.get(session.key_hash) == replace(session, last_used_at=NOW + 900, gave_code=True)


def test_use_does_not_bring_a_session_back(stores: LoginStores) -> None:
    """A session that was ended meanwhile stays ended."""
    stores.add_user()
    session = stores.add_session()
    assert stores.sessions.delete(session)
    assert not stores.sessions.touch(session, now=NOW + 300, gave_code=True)
    assert stores.sessions.get(session.key_hash) is None


def test_a_session_ends_with_its_pointer(stores: LoginStores) -> None:
    """A deleted session is gone from the list too; deleting it again is no error, and others stay."""
    stores.add_user()
    one, other = stores.add_session(), stores.add_session(make_session("other", session_id="sid-2"))
    for _ in range(2):
        assert stores.sessions.delete(one)
    assert stores.sessions.list(ADA) == (other,)


def test_a_session_that_gave_a_code_meanwhile_does_not_end_unseen(stores: LoginStores) -> None:
    """The sid of a first code has to be revoked first: the delete says so, and deletes nothing."""
    stores.add_user()
    session = stores.add_session()
    stores.sessions.touch(session, now=NOW, gave_code=True)
    assert not stores.sessions.delete(session)
    read = stores.sessions.get(session.key_hash)
    assert read is not None
    assert stores.sessions.list(ADA) == (read,)
    assert stores.sessions.delete(read)
    assert stores.sessions.list(ADA) == ()


@pytest.mark.parametrize("session_id", ["sid-1", "another"])
def test_a_session_that_gave_a_code_meanwhile_is_not_replaced(stores: LoginStores, session_id: str) -> None:
    """A sign-in that replaces a session is decided on whether the session gave a code."""
    authority, credential = stores.add_user()
    older = stores.add_session(make_session("older"))
    stores.sessions.touch(older, now=NOW, gave_code=True)
    sign_in = partial(
        stores.sign_ins.sign_in,
        make_session(session_id=session_id),
        authority=authority,
        credential=credential,
        interaction=None,
    )
    assert not sign_in(replaced=older)
    assert [each.key_hash for each in stores.sessions.list(ADA)] == [older.key_hash]
    assert sign_in(replaced=replace(older, gave_code=True))
    assert [each.session_id for each in stores.sessions.list(ADA)] == [session_id]


def test_a_code_and_an_end_at_once(stores: LoginStores) -> None:
    """Either the session is gone and gives no code, or it gave one and is still there."""
    stores.add_user()
    session = stores.add_session()
    calls = iter(
        (
            partial(stores.sessions.delete, session),
            partial(stores.sessions.touch, session, now=NOW, gave_code=True),
        )
    )
    assert sorted(at_once(2, lambda: next(calls)())) == [False, True]


def test_many_sessions_are_listed_newest_first(login_dynamodb: DynamoDBClient) -> None:
    """More sessions than one batch has come in one list; a pointer without a session is none."""
    sessions = [make_session(f"{number}", created_at=NOW + number) for number in range(105)]
    for session in sessions:
        put(login_dynamodb, session)
    login_dynamodb.put_item(TableName="sessions", Item=encode_item(pointer_to_item(make_session("gone"))))
    assert list(DynamoDbSessions(login_dynamodb, "sessions").list(ADA)) == sessions[::-1]


@pytest.mark.parametrize("left", [1, 3, 4])
def test_sessions_that_were_left_unprocessed_are_read_again(
    login_dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """A session that DynamoDB leaves unprocessed is read again, and never counts as ended."""
    for cookie in ("one", "other"):
        put(login_dynamodb, make_session(cookie))
    answer = login_dynamodb.batch_get_item
    remaining, pauses = [left], list[float]()

    def leave_one(*, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        keys = RequestItems["sessions"]["Keys"]
        assert RequestItems["sessions"]["ConsistentRead"]
        if not remaining[0]:
            return answer(RequestItems=RequestItems)
        remaining[0] -= 1
        rest = {"sessions": {"Keys": keys[:1]}}
        if not keys[1:]:
            return {"Responses": {}, "UnprocessedKeys": rest}
        asked: Any = {"sessions": {"Keys": keys[1:], "ConsistentRead": True}}
        return answer(RequestItems=asked) | {"UnprocessedKeys": rest}

    monkeypatch.setattr(login_dynamodb, "batch_get_item", leave_one)
    store = DynamoDbSessions(login_dynamodb, "sessions", pauses.append)
    if left == 4:
        with pytest.raises(StoreUnavailable, match="left 1 sessions unprocessed"):
            store.list(ADA)
    else:
        assert len(store.list(ADA)) == 2
        assert pauses == [0.05, 0.1, 0.2][:left]


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("TransactWriteItems", lambda stores: stores.sessions.delete(make_session())),
        ("UpdateItem", lambda stores: stores.sessions.touch(make_session(), now=NOW, gave_code=True)),
    ],
)
def test_a_write_that_is_sent_again_succeeds(
    login_dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    write: Callable[[LoginStores], bool],
) -> None:
    """The answer is lost, and botocore's second attempt finds the first one's work."""
    put(login_dynamodb, make_session())
    with lost_answer(login_dynamodb, operation, monkeypatch) as sent:
        assert write(dynamodb_stores(login_dynamodb))
    assert sent == [operation, operation]


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 9},
        {"subject": None},
        {"session_id": 7},
        {"auth_time": "0"},
        {"idle_seconds": None},
        {"expires_at": True},
        {"amr": "pwd"},
        {"amr": [7]},
        {"gave_code": "no"},
    ],
)
def test_a_damaged_session_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable session is a fault for the sign-in and for the list."""
    put(login_dynamodb, make_session(), **damage)
    stores = dynamodb_stores(login_dynamodb)
    for read in (lambda: stores.sessions.get(make_session().key_hash), lambda: stores.sessions.list(ADA)):
        with pytest.raises(ItemDamaged, match="session item s#"):
            read()


def test_a_damaged_pointer_is_a_fault(login_dynamodb: DynamoDBClient) -> None:
    """A list that leaves a session out would not end it."""
    for damage in ({"v": 9}, {"sk": "s#"}):
        login_dynamodb.put_item(
            TableName="sessions", Item=encode_item(pointer_to_item(make_session(subject=BEN)) | damage)
        )
        with pytest.raises(ItemDamaged, match="session pointer"):
            DynamoDbSessions(login_dynamodb, "sessions").list(BEN)


def test_the_table_holds_no_cookie(login_dynamodb: DynamoDBClient) -> None:
    """A stolen table gives no session: the cookie's value is nowhere, and both items end by TTL."""
    stores = dynamodb_stores(login_dynamodb)
    stores.add_user()
    stores.add_session(make_session("the-cookie"))
    items = login_dynamodb.scan(TableName="sessions")["Items"]
    assert "the-cookie" not in str(items)
    assert [item["expires_at"]["N"] for item in items] == [str(NOW + 604_800)] * 2


def test_a_missing_table_is_a_fault(dynamodb: DynamoDBClient) -> None:
    """A missing table is a fault instead of an ended session."""
    stores = dynamodb_stores(dynamodb)
    calls: list[Callable[[], object]] = [
        lambda: stores.sessions.get(make_session().key_hash),
        lambda: stores.sessions.touch(make_session(), now=NOW, gave_code=False),
        lambda: stores.sessions.list(ADA),
        lambda: stores.sessions.delete(make_session()),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
