"""Grants: the fake and the DynamoDB adapter decide alike about codes and refresh tokens."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.grants.dynamodb_grant_writer import DynamoDbGrantWriter
from keyturn.domain.clients.resource_server import MAX_TOKEN_LIFETIME
from keyturn.domain.errors import AlreadyExists, ItemDamaged, StoreUnavailable
from keyturn.domain.grants.grant import GRACE, CodeBinding, Grant, GrantRefusal, GrantRefused, RefreshState
from keyturn.domain.grants.grant_credentials import RefreshToken
from keyturn.domain.grants.pkce import challenge_of
from keyturn.jose.policy import MAX_LEEWAY
from tests.fakes.grant_factory import (
    ABSOLUTE,
    CODE,
    FIRST,
    GID,
    IDLE,
    NONCE,
    first_refresh,
    make_grant,
    redemption,
    rotation,
)
from tests.fakes.lost_answer import lost_answer
from tests.fakes.memory_grants import MemoryGrants
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import GrantWriter


@pytest.fixture(params=["memory", "boto3", "http"])
def store(request: pytest.FixtureRequest) -> GrantWriter:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryGrants()
    return DynamoDbGrantWriter(request.getfixturevalue(f"{request.param}_dynamodb"), "grants")


def refused(action: Callable[[], object]) -> tuple[GrantRefusal, Grant | None]:
    """Return why an action is refused, and the grant that is to end."""
    with pytest.raises(GrantRefused) as raised:
        action()
    return raised.value.why, raised.value.grant


def successor(token: RefreshToken, nonce: str = NONCE) -> RefreshToken:
    """Return the token that follows."""
    return token.successor(bytes.fromhex(nonce) * 2)


@pytest.mark.parametrize(
    "grant",
    [
        make_grant(),
        make_grant(session_id=None, auth_time=None, acr=None, amr=(), nonce=None, claims={}, scope=frozenset()),
        make_grant(
            redemption="r", refresh=first_refresh()._replace(previous_hash="p", successor_nonce="n", rotated_at=1)
        ),
    ],
)
def test_a_grant_is_found_as_it_was_stored(store: GrantWriter, grant: Grant) -> None:
    """Every field comes back, present or absent; an unknown id gives None."""
    store.create(grant)
    assert store.get(GID) == grant
    assert store.get("A" * 22) is None


def test_an_id_has_one_grant(store: GrantWriter) -> None:
    """A second grant of the same id changes nothing; the same one again is an attempt that lost its answer."""
    store.create(make_grant())
    store.create(make_grant())
    other = CodeBinding(code_hash="other", redirect_uri="https://x", challenge="c", expires_at=NOW)
    with pytest.raises(AlreadyExists):
        store.create(make_grant(code=other))
    assert store.get(GID) == make_grant()


def test_an_attempt_that_comes_late_does_not_give_a_used_code_back(store: GrantWriter) -> None:
    """R33: the SDK gave up on the first attempt, which is still carried out, after the code was used."""
    store.create(make_grant())
    store.redeem(redemption())
    store.create(make_grant())
    assert store.get(GID) == make_grant(redemption="attempt-1", refresh=first_refresh())
    assert refused(lambda: store.redeem(redemption(attempt="attempt-2")))[0] is GrantRefusal.REUSED


@pytest.mark.parametrize("refresh", [None, first_refresh()])
def test_a_code_gives_its_grant_once(store: GrantWriter, refresh: Any) -> None:
    """R33, R34: the first use returns the grant; a second one is refused, and names the grant that has to end."""
    store.create(make_grant())
    store.redeem(redemption(refresh=refresh))
    redeemed = make_grant(redemption="attempt-1", refresh=refresh)
    assert store.get(GID) == redeemed
    assert refused(lambda: store.redeem(redemption(attempt="attempt-2"))) == (GrantRefusal.REUSED, redeemed)
    late = redemption(attempt="attempt-2", now=NOW + 7200)
    assert refused(lambda: store.redeem(late)) == (GrantRefusal.REUSED, redeemed)


def test_an_answer_that_was_lost_between_us_and_the_store_is_no_second_use(store: GrantWriter) -> None:
    """R33: the SDK repeats a write whose answer was lost: it is the same attempt, and succeeds."""
    store.create(make_grant())
    store.redeem(redemption())
    before = store.get(GID)
    store.redeem(redemption())
    assert store.get(GID) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"code_hash": "0" * 64},
        {"client_id": "other"},
        {"redirect_uri": "https://app.example/callback/"},
        {"challenge": challenge_of("w" * 43)},
        {"gid": "A" * 22},
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_what_a_code_is_bound_to_has_to_be_there(store: GrantWriter, changes: dict[str, Any], used: bool) -> None:
    """R32, R33: another client, redirect URI, verifier or secret is refused, and leaves the grant unchanged."""
    store.create(make_grant())
    if used:
        store.redeem(redemption())
    before = store.get(GID)
    assert refused(lambda: store.redeem(redemption(attempt="attempt-2", **changes))) == (GrantRefusal.UNKNOWN, None)
    assert store.get(GID) == before


@pytest.mark.parametrize(("after", "good"), [(59, True), (60, False), (61, False)])
def test_a_code_lives_for_sixty_seconds(store: GrantWriter, after: int, good: bool) -> None:
    """R33: at its end it is over, whether or not the item is still there."""
    store.create(make_grant())
    if good:
        store.redeem(redemption(now=NOW + after))
    else:
        assert refused(lambda: store.redeem(redemption(now=NOW + after))) == (GrantRefusal.EXPIRED, None)


def test_of_sixteen_uses_of_a_code_one_succeeds(store: GrantWriter) -> None:
    """R33: a simultaneous second use finds the code used."""
    store.create(make_grant())

    def use(number: int) -> bool:
        try:
            store.redeem(redemption(attempt=f"attempt-{number}"))
        except GrantRefused as refusal:
            return refusal.why is not GrantRefusal.REUSED
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(use, range(16))) == 1


@pytest.fixture
def family(store: GrantWriter) -> GrantWriter:
    """Return a store with a grant whose code was redeemed for FIRST."""
    store.create(make_grant())
    store.redeem(redemption())
    return store


def refresh_of(store: GrantWriter) -> RefreshState:
    """Return the state of the family."""
    grant = store.get(GID)
    assert grant is not None
    assert grant.refresh is not None
    return grant.refresh


def test_a_refresh_token_is_rotated(family: GrantWriter) -> None:
    """R38: its use makes the successor the current token; both know the same grant, and only the idle end moves."""
    assert family.rotate(rotation()) == NONCE
    refresh = refresh_of(family)
    assert refresh.current_hash == successor(FIRST).secret_hash
    assert (refresh.idle_expires_at, refresh.expires_at) == (NOW + 10 + IDLE, NOW + ABSOLUTE)
    assert family.rotate(rotation(successor(FIRST), at=NOW + 500, nonce="7f" * 16)) == "7f" * 16
    assert refresh_of(family).current_hash == successor(successor(FIRST), "7f" * 16).secret_hash


def test_a_lost_answer_is_given_again(family: GrantWriter) -> None:
    """R40: the token before, within the grace, gets the nonce of the same successor, and nothing forks."""
    family.rotate(rotation())
    before = family.get(GID)
    for later in (0, GRACE):
        repeated = rotation(at=NOW + 10 + later, nonce="7f" * 16)
        assert family.rotate(repeated) == NONCE
    assert family.get(GID) == before


@pytest.mark.parametrize("idle", [1, IDLE])
def test_a_rotation_whose_answer_was_lost_is_no_reuse_whatever_the_clock_knows(family: GrantWriter, idle: int) -> None:
    """R38, R40: the SDK repeats a write whose answer was lost: it is the same rotation, and not a late one."""
    asked = rotation(latest=NOW + 10 + GRACE + 1, idle_expires_at=NOW + 10 + idle)
    assert family.rotate(asked) == NONCE
    before = family.get(GID)
    assert family.rotate(asked) == NONCE
    assert family.get(GID) == before


def test_the_grace_begins_at_the_early_end_of_the_present(family: GrantWriter) -> None:
    """R40: however little the clock knew at the rotation, half a minute is never more."""
    family.rotate(rotation(latest=NOW + 15))
    assert refresh_of(family).rotated_at == NOW + 10


def test_a_token_that_was_rotated_is_reuse_after_the_grace(family: GrantWriter) -> None:
    """R39: the grace is over, and the grant is named that has to end; nothing is changed here."""
    family.rotate(rotation())
    before = family.get(GID)
    late = rotation(at=NOW + 10 + GRACE + 1, nonce="7f" * 16)
    assert refused(lambda: family.rotate(late)) == (GrantRefusal.REUSED, before)
    assert family.get(GID) == before


def test_a_token_two_generations_old_is_reuse_at_once(family: GrantWriter) -> None:
    """R39: once the successor was used, its predecessor was not lost."""
    family.rotate(rotation())
    family.rotate(rotation(successor(FIRST), at=NOW + 11, nonce="7f" * 16))
    assert refused(lambda: family.rotate(rotation(at=NOW + 12)))[0] is GrantRefusal.REUSED


@pytest.mark.parametrize(
    ("token", "changes"),
    [
        (FIRST._replace(proof=b"x" * 32), {}),
        (FIRST._replace(gid="A" * 22), {}),
        (FIRST, {"client_id": "other"}),
        (FIRST._replace(proof=b"x" * 32, secret=b"y" * 32), {}),
    ],
)
def test_a_token_of_nobody_ends_nothing(family: GrantWriter, token: RefreshToken, changes: dict[str, Any]) -> None:
    """R42, R45: another client, or a holder of the grant's id alone, neither gets nor ends anything."""
    before = family.get(GID)
    assert refused(lambda: family.rotate(rotation(token, **changes))) == (GrantRefusal.UNKNOWN, None)
    assert family.get(GID) == before


def test_a_made_up_secret_with_the_proof_of_the_family_is_reuse(family: GrantWriter) -> None:
    """R39: only who holds a token of the family, an old one perhaps, can end it."""
    assert refused(lambda: family.rotate(rotation(FIRST._replace(secret=b"y" * 32))))[0] is GrantRefusal.REUSED


def test_a_grant_without_refresh_tokens_has_none(store: GrantWriter) -> None:
    """R42: a client without a refresh token cannot invent one."""
    store.create(make_grant())
    store.redeem(redemption(refresh=None))
    assert refused(lambda: store.rotate(rotation())) == (GrantRefusal.UNKNOWN, None)


@pytest.mark.parametrize(
    ("at", "why"), [(NOW + IDLE - 1, None), (NOW + IDLE, GrantRefusal.EXPIRED), (NOW + ABSOLUTE, GrantRefusal.EXPIRED)]
)
def test_an_unused_token_ends_after_its_idle_time(family: GrantWriter, at: int, why: GrantRefusal | None) -> None:
    """R43: at the end it is over; nobody is punished for being late."""
    if why is None:
        family.rotate(rotation(at=at))
    else:
        assert refused(lambda: family.rotate(rotation(at=at))) == (why, None)


def test_use_does_not_prolong_a_grant_beyond_its_end(family: GrantWriter) -> None:
    """R43: however often it slides, the absolute end stays, for the current token and for the one before."""
    token = FIRST
    for number, at in enumerate(range(NOW + 900, NOW + ABSOLUTE, 900)):
        nonce = f"{number:02x}" * 16
        family.rotate(rotation(token, at=at, nonce=nonce))
        token = successor(token, nonce)
    assert refused(lambda: family.rotate(rotation(token, at=NOW + ABSOLUTE)))[0] is GrantRefusal.EXPIRED


def test_sixteen_uses_of_a_refresh_token_have_one_successor(family: GrantWriter) -> None:
    """R38: simultaneous rotations get the same successor, by the same nonce."""
    with ThreadPoolExecutor(16) as pool:
        nonces = set(pool.map(lambda number: family.rotate(rotation(nonce=f"{number:02x}" * 16)), range(16)))
    assert len(nonces) == 1
    grant = family.get(GID)
    assert grant is not None
    assert grant.refresh is not None
    assert grant.refresh.current_hash == successor(FIRST, nonces.pop()).secret_hash


@pytest.mark.parametrize("what", ["create", "redeem", "rotate"])
def test_what_the_sdk_sends_again_by_itself_is_one_write(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """R33, R38, R40: botocore's own second attempt finds the first one's work, and the request succeeds."""
    store = DynamoDbGrantWriter(dynamodb, "grants")
    writes: dict[str, Callable[[], object]] = {
        "create": lambda: store.create(make_grant()),
        "redeem": lambda: store.redeem(redemption()),
        "rotate": lambda: store.rotate(rotation()),
    }
    operation = "PutItem" if what == "create" else "UpdateItem"
    for name, write in writes.items():
        if name != what:
            write()
            continue
        with lost_answer(dynamodb, operation, monkeypatch) as sent:
            write()
        assert sent == [operation, operation]
    assert refresh_of(store).current_hash == successor(FIRST).secret_hash


def test_a_damaged_item_is_a_fault(dynamodb: DynamoDBClient) -> None:
    """An unreadable item is a fault instead of an unknown grant."""
    store = DynamoDbGrantWriter(dynamodb, "grants")
    dynamodb.put_item(TableName="grants", Item={"pk": {"S": f"grant#{GID}"}, "v": {"N": "9"}})
    for action in (lambda: store.get(GID), lambda: store.redeem(redemption()), lambda: store.rotate(rotation())):
        with pytest.raises(ItemDamaged, match="version 9"):
            action()
    dynamodb.put_item(TableName="grants", Item={"pk": {"S": f"grant#{GID}"}, "v": {"N": "1"}})
    with pytest.raises(ItemDamaged, match="KeyError"):
        store.get(GID)
    with pytest.raises(StoreUnavailable):
        DynamoDbGrantWriter(dynamodb, "elsewhere").get(GID)


@pytest.mark.parametrize("refresh", [None, first_refresh()])
def test_a_used_code_is_remembered_while_its_tokens_live(
    dynamodb: DynamoDBClient, refresh: RefreshState | None
) -> None:
    """R34: DynamoDB forgets the grant after its last access token, given at the last moment of its last credential."""
    store = DynamoDbGrantWriter(dynamodb, "grants")
    store.create(make_grant())
    store.redeem(redemption(now=NOW + 59, refresh=refresh))
    if refresh is not None:
        store.rotate(rotation())
    [item] = dynamodb.scan(TableName="grants")["Items"]
    last = NOW + 59 if refresh is None else refresh.expires_at
    assert int(item["expires_at"]["N"]) > last + MAX_TOKEN_LIFETIME + MAX_LEEWAY


def test_the_table_holds_no_secret(dynamodb: DynamoDBClient) -> None:
    """R45: the table reveals neither the code nor a refresh token, nor the secret of its successor."""
    store = DynamoDbGrantWriter(dynamodb, "grants")
    store.create(make_grant())
    store.redeem(redemption())
    store.rotate(rotation())
    stored = str(dynamodb.scan(TableName="grants")["Items"])
    for secret in (CODE.secret, FIRST.proof, FIRST.secret, successor(FIRST).secret):
        assert secret.hex() not in stored
    assert CODE.value not in stored
    assert FIRST.value not in stored
