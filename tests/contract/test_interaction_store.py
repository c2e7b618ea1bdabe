"""The ports of interactions: the fake and the DynamoDB adapters behave alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.interactions.interaction_item import interaction_to_item
from keyturn.domain.errors import AlreadyExists, ItemDamaged, StoreUnavailable
from keyturn.domain.grants.grant import CodeBinding
from keyturn.domain.interactions.interaction import Demand, Interaction, hash_interaction_id
from tests.fakes.at_once import at_once
from tests.fakes.grant_factory import GID, make_grant
from tests.fakes.login_factory import ADA, BROWSER, make_consent, make_interaction, make_mark
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.lost_answer import lost_answer
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    Act = Callable[[LoginStores, Interaction], bool]

SIGNED_IN: dict[str, Any] = {"session_id": "sid-1", "authenticated_at": NOW + 1}
MARKED: dict[str, Any] = SIGNED_IN | {"consented": make_mark(), "confirmed_at": NOW + 3}


def store(stores: LoginStores, **changes: Any) -> Interaction:
    """Store an interaction, and return it."""
    interaction = make_interaction(**changes)
    stores.opener.create(interaction)
    return interaction


def stored(stores: LoginStores, interaction: Interaction) -> Interaction | None:
    return stores.interactions.get(interaction.key_hash)


def demand(stores: LoginStores, interaction: Interaction) -> bool:
    return stores.opener.demand(interaction)


def consent(stores: LoginStores, interaction: Interaction) -> bool:
    return stores.interactions.consent(interaction, make_mark(), make_consent())


def confirm(stores: LoginStores, interaction: Interaction) -> bool:
    return stores.interactions.confirm(interaction, NOW + 3)


def deny(stores: LoginStores, interaction: Interaction) -> bool:
    return stores.interactions.deny(interaction)


def use(stores: LoginStores, interaction: Interaction) -> bool:
    return stores.grants.create(make_grant(), interaction=interaction)


WRITES = [demand, consent, confirm, deny, use]


@pytest.mark.parametrize(
    "interaction",
    [
        make_interaction(),
        make_interaction(browser_hash=None, scope=frozenset(), demands=frozenset(), request={}, subject_hint="u_1"),
        make_interaction(demands=frozenset(Demand), denied=True, grant_id="g", **MARKED),
        make_interaction(consented=make_mark(scope=frozenset())),
    ],
)
def test_an_interaction_is_found_as_it_was_stored(stores: LoginStores, interaction: Interaction) -> None:
    """Every field comes back, present or absent; an unknown id gives None."""
    stores.opener.create(interaction)
    assert stored(stores, interaction) == interaction
    assert stores.opener.get(interaction.key_hash) == interaction
    assert stores.opener.get(hash_interaction_id("another")) is None


def test_an_id_has_one_interaction(stores: LoginStores) -> None:
    """A second one of the same id changes nothing; the same one again is an attempt that lost its answer."""
    interaction = store(stores)
    store(stores)
    with pytest.raises(AlreadyExists):
        store(stores, resource="https://other.example")
    assert stored(stores, interaction) == interaction


def test_an_interaction_is_bound_to_one_browser(stores: LoginStores) -> None:
    """The first browser gets it, with the demands and session that the issuer found; another one is refused."""
    unbound = store(stores, browser_hash=None)
    bound = replace(unbound, browser_hash=BROWSER, demands=frozenset({Demand.CONFIRM}), session_id="sid-1")
    assert stores.opener.bind(bound)
    assert stored(stores, unbound) == bound
    assert not stores.opener.bind(replace(bound, browser_hash="another"))
    assert not stores.opener.bind(unbound)
    assert not stores.opener.bind(make_interaction("gone"))
    assert stored(stores, unbound) == bound


def test_a_browser_that_binds_twice_changes_nothing(stores: LoginStores) -> None:
    """The browser's second tab does not take back what the first one has done since."""
    interaction = store(stores, **MARKED)
    assert stores.opener.bind(make_interaction(demands=frozenset(), session_id="older"))
    assert stored(stores, interaction) == interaction
    used = store(stores, identifier="used", grant_id="g")
    assert not stores.opener.bind(used)


def test_an_interaction_is_bound_without_demands(stores: LoginStores) -> None:
    """A session may suffice for all of it: no demand is left of those that a POST has stored."""
    unbound = store(stores, browser_hash=None, session_id="older")
    bound = replace(unbound, browser_hash=BROWSER, demands=frozenset(), session_id=None)
    assert stores.opener.bind(bound)
    assert stored(stores, unbound) == bound


def test_one_of_two_browsers_binds(stores: LoginStores) -> None:
    """Two browsers that open one link at once do not both have it."""
    unbound = store(stores, browser_hash=None)
    browsers = iter(("one", "other"))
    results = at_once(2, lambda: stores.opener.bind(replace(unbound, browser_hash=next(browsers))))
    assert sorted(results) == [False, True]


def test_new_demands_begin_again(stores: LoginStores) -> None:
    """Demands and session are written, and every mark has to be given again."""
    interaction = store(stores, **MARKED)
    asked = replace(interaction, demands=frozenset({Demand.CONFIRM}), session_id="sid-2")
    assert stores.opener.demand(asked)
    unmarked = replace(asked, authenticated_at=None, consented=None, confirmed_at=None)
    assert stored(stores, interaction) == unmarked
    assert stores.opener.demand(replace(asked, demands=frozenset(), session_id=None))
    assert stored(stores, interaction) == replace(unmarked, demands=frozenset(), session_id=None)


def test_a_consent_is_marked_and_recorded(stores: LoginStores) -> None:
    """One write stores the mark of this request and the consent for later ones, which replaces an older consent."""
    interaction = store(stores, **SIGNED_IN)
    for _ in range(2):
        assert consent(stores, interaction)
    assert stored(stores, interaction) == replace(interaction, consented=make_mark())
    assert stores.consents.get(ADA, "web") == make_consent()
    wider = make_consent(scope=frozenset({"all"}), at=NOW + 9)
    assert stores.interactions.consent(interaction, make_mark(), wider)
    assert stores.consents.list(ADA) == (wider,)


def test_a_native_client_is_confirmed(stores: LoginStores) -> None:
    """The mark has the time of the confirmation; twice is no error."""
    interaction = store(stores, **SIGNED_IN)
    for _ in range(2):
        assert confirm(stores, interaction)
    assert stored(stores, interaction) == replace(interaction, confirmed_at=NOW + 3)


def test_a_refusal_is_final(stores: LoginStores) -> None:
    """A refused interaction accepts neither marks, demands nor use; a second refusal is accepted."""
    interaction = store(stores, **SIGNED_IN)
    for _ in range(2):
        assert deny(stores, interaction)
    for write in (demand, consent, confirm, use):
        assert not write(stores, interaction)
    assert stored(stores, interaction) == replace(interaction, denied=True)
    assert stores.consents.list(ADA) == ()
    assert stores.grants.get(GID) is None


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "there", [{"grant_id": "another"}, {"browser_hash": "another"}, {"browser_hash": None}], ids=str
)
def test_an_interaction_that_is_used_or_foreign_stays(stores: LoginStores, there: dict[str, Any], write: Act) -> None:
    """A used interaction, one of another browser and an unbound one are refused, and the tables stay unchanged."""
    interaction = store(stores, **SIGNED_IN, **there)
    assert not write(stores, make_interaction(**SIGNED_IN))
    assert not write(stores, make_interaction(**SIGNED_IN, browser_hash=None))
    assert stored(stores, interaction) == interaction
    assert stores.consents.list(ADA) == ()
    assert stores.grants.get(GID) is None


@pytest.mark.parametrize("write", WRITES)
def test_an_interaction_that_is_gone_does_not_come_back(stores: LoginStores, write: Act) -> None:
    """A write of an interaction that DynamoDB has deleted makes no new one."""
    assert not write(stores, make_interaction())
    assert stored(stores, make_interaction()) is None
    assert stores.consents.list(ADA) == ()
    assert stores.grants.get(GID) is None


@pytest.mark.parametrize("write", [consent, confirm, use])
def test_a_mark_needs_the_session_that_was_read(stores: LoginStores, write: Act) -> None:
    """Another user may have signed in since the page was shown: that user has allowed nothing."""
    interaction = store(stores, **(SIGNED_IN | {"session_id": "sid-2"}))
    assert not write(stores, make_interaction(**SIGNED_IN))
    assert not write(stores, make_interaction())
    assert stored(stores, interaction) == interaction


@pytest.mark.parametrize(("write", "last"), [(consent, 2), (confirm, 3), (use, 0)])
def test_a_late_mark_is_refused(stores: LoginStores, write: Act, last: int) -> None:
    """The end is compared in the write itself, whether or not DynamoDB has deleted the item."""
    for expires_at in (NOW + last, NOW + last + 1):
        identifier = str(expires_at)
        interaction = store(stores, identifier=identifier, expires_at=expires_at, **SIGNED_IN)
        assert write(stores, interaction) == (expires_at > NOW + last)


def test_a_grant_uses_its_interaction(stores: LoginStores) -> None:
    """Grant and use are one write; the same write again is an attempt that lost its answer, and another is refused."""
    interaction = store(stores, **MARKED)
    for _ in range(2):
        assert use(stores, interaction)
    assert stored(stores, interaction) == replace(interaction, grant_id=GID)
    assert stores.grants.get(GID) == make_grant()
    other = make_grant(gid="B" * 22)
    assert not stores.grants.create(other, interaction=interaction)
    assert stores.grants.get(other.gid) is None


def test_a_grant_of_the_same_id_uses_nothing(stores: LoginStores) -> None:
    """A grant that is another's stops the write, and the interaction stays open."""
    interaction = store(stores, **MARKED)
    stores.grants.create(make_grant())
    code = CodeBinding(code_hash="other", redirect_uri="https://x", challenge="c", expires_at=NOW)
    with pytest.raises(AlreadyExists):
        stores.grants.create(make_grant(code=code), interaction=interaction)
    assert stored(stores, interaction) == interaction


def test_another_authentication_is_not_used(stores: LoginStores) -> None:
    """A user who signed in again since it was read gets a code by a request that has read that."""
    interaction = store(stores, **MARKED)
    assert not use(stores, replace(interaction, authenticated_at=NOW))
    assert use(stores, interaction)


def test_an_interaction_gives_one_code(stores: LoginStores) -> None:
    """Two requests use one interaction at once: one of them stores its grant."""
    interaction = store(stores, **MARKED)
    gids = iter(("B" * 22, "C" * 22))
    results = at_once(2, lambda: stores.grants.create(make_grant(gid=next(gids)), interaction=interaction))
    assert sorted(results) == [False, True]
    assert len([gid for gid in ("B" * 22, "C" * 22) if stores.grants.get(gid) is not None]) == 1


@pytest.mark.parametrize("other", [consent, confirm, use])
def test_a_refusal_and_another_write_at_once(stores: LoginStores, other: Act) -> None:
    """Whichever comes first, a refused request gives no code."""
    interaction = store(stores, **SIGNED_IN)
    writes = iter((deny, other))
    at_once(2, lambda: next(writes)(stores, interaction))
    now = stored(stores, interaction)
    assert now is not None
    assert now.denied != (now.grant_id is not None)


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("PutItem", lambda stores: stores.opener.create(make_interaction("new")) is None),
        ("UpdateItem", lambda stores: stores.opener.bind(make_interaction("unbound"))),
        ("UpdateItem", lambda stores: demand(stores, make_interaction())),
        ("UpdateItem", lambda stores: confirm(stores, make_interaction())),
        ("UpdateItem", lambda stores: deny(stores, make_interaction())),
        ("TransactWriteItems", lambda stores: consent(stores, make_interaction())),
        ("TransactWriteItems", lambda stores: use(stores, make_interaction())),
    ],
)
def test_a_write_that_is_sent_again_succeeds(
    login_dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    write: Callable[[LoginStores], bool],
) -> None:
    """The answer is lost, and botocore's second attempt finds the first one's work."""
    stores = dynamodb_stores(login_dynamodb)
    store(stores)
    store(stores, identifier="unbound", browser_hash=None)
    with lost_answer(login_dynamodb, operation, monkeypatch) as sent:
        assert write(stores)
    assert sent[:2] == [operation, operation]


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 9},
        {"client_id": None},
        {"request": {"state": 7}},
        {"request": "x"},
        {"scopes": "openid"},
        {"demands": frozenset({"dance"})},
        {"expires_at": None},
        {"browser_hash": 7},
        {"authenticated_at": "now"},
        {"consented": True},
        {"consented": {"resource": "x"}},
        {"denied": "no"},
        {"grant_id": 7},
    ],
)
def test_a_damaged_interaction_is_a_fault(login_dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An unreadable interaction, or one with an unknown demand, is a fault."""
    item = interaction_to_item(make_interaction(**MARKED)) | damage
    login_dynamodb.put_item(TableName="interactions", Item=encode_item(item))
    with pytest.raises(ItemDamaged, match="interaction item i#"):
        stored(dynamodb_stores(login_dynamodb), make_interaction())


@pytest.mark.parametrize("write", [*WRITES, lambda stores, interaction: stores.opener.bind(interaction)])
def test_a_missing_table_is_a_fault(dynamodb: DynamoDBClient, write: Act) -> None:
    """A missing table is a fault instead of an expired interaction."""
    stores = dynamodb_stores(dynamodb)
    with pytest.raises(StoreUnavailable):
        write(stores, make_interaction())
    with pytest.raises(StoreUnavailable):
        store(stores)
    with pytest.raises(StoreUnavailable):
        stored(stores, make_interaction())


def test_the_table_holds_no_id(login_dynamodb: DynamoDBClient) -> None:
    """A stolen table opens no interaction: the value of the URL is nowhere."""
    stores = dynamodb_stores(login_dynamodb)
    store(stores, identifier="the-value")
    assert "the-value" not in str(login_dynamodb.scan(TableName="interactions")["Items"])
