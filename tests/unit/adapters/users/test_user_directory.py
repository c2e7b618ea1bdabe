"""The operator's reads of all users, in pages over two tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.adapters.users.dynamodb_user_directory import DynamoDbUserDirectory
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import new_subject
from keyturn.domain.users.user import User
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.user_ports import UserDirectory


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """Return DynamoDB with the two tables."""
    with moto_dynamodb() as client:
        create_table(client, "users", "pk", "sk")
        create_table(client, "authorities", "pk")
        yield client


def directory(dynamodb: DynamoDBClient) -> UserDirectory:
    return DynamoDbUserDirectory(dynamodb, user_table="users", authority_table="authorities")


def add(dynamodb: DynamoDBClient, number: int) -> str:
    """Store a user with status and profile, and return the subject."""
    subject = new_subject(number.to_bytes(16))
    DynamoDbAuthorities(dynamodb, "authorities").create(Authority(subject=subject, status=Status.ACTIVE))
    email = f"user{number}@example.com"
    DynamoDbUsers(dynamodb, "users").create(User(subject=subject, email=email), email=email)
    return subject


def test_every_user_is_on_one_page(dynamodb: DynamoDBClient) -> None:
    """More users than fit one page: each comes once, with the own profile."""
    subjects = {add(dynamodb, number) for number in range(130)}
    pages = list(directory(dynamodb).pages())
    assert [len(page) for page in pages] == [100, 30]
    found = [each for page in pages for each in page]
    assert {authority.subject for authority, _ in found} == subjects
    assert all(user is not None and user.subject == authority.subject for authority, user in found)


def test_a_list_goes_on_after_any_user(dynamodb: DynamoDBClient) -> None:
    """`after` continues where a list stopped, also within a page."""
    for number in range(9):
        add(dynamodb, number)
    [whole] = directory(dynamodb).pages()
    for place, (authority, _) in enumerate(whole, start=1):
        [rest] = directory(dynamodb).pages(authority.subject)
        assert rest == whole[place:]


def test_no_user_is_no_page_with_users(dynamodb: DynamoDBClient) -> None:
    """An empty table asks for no profile."""
    assert list(directory(dynamodb).pages()) == [()]


def test_a_missing_profile_is_none(dynamodb: DynamoDBClient) -> None:
    """A creation that stopped half way is listed, so that it can be cleared."""
    subject = add(dynamodb, 1)
    DynamoDbUsers(dynamodb, "users").erase(subject, email="user1@example.com")
    [[(authority, user)]] = directory(dynamodb).pages()
    assert (authority.subject, user) == (subject, None)


@pytest.mark.parametrize("unanswered", [1, 100])
def test_what_dynamodb_leaves_is_asked_for_again(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, unanswered: int
) -> None:
    """A profile that was left unprocessed is read again, or the list fails."""
    add(dynamodb, 1)
    batch_get_item = dynamodb.batch_get_item
    asked: list[dict[str, Any]] = []

    def busy(**request: Any) -> Any:
        asked.append(request)
        if len(asked) <= unanswered:
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
        return batch_get_item(**request)

    monkeypatch.setattr(dynamodb, "batch_get_item", busy)
    if unanswered == 1:
        [[(_, user)]] = directory(dynamodb).pages()
        assert user is not None
    else:
        with pytest.raises(StoreUnavailable):
            list(directory(dynamodb).pages())


def test_reads_are_strongly_consistent(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that was just disabled is listed as disabled."""
    add(dynamodb, 1)
    requests: list[Any] = []
    call = dynamodb._make_api_call  # type: ignore[attr-defined]

    def noted(operation: str, arguments: Any) -> Any:
        requests.append(arguments.get("RequestItems", {}).get("users", arguments))
        return call(operation, arguments)

    monkeypatch.setattr(dynamodb, "_make_api_call", noted)
    list(directory(dynamodb).pages())
    assert [request["ConsistentRead"] for request in requests] == [True, True]
