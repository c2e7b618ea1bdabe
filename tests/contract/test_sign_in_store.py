"""The SignInStore port: the fake and the DynamoDB adapter start sessions and change passwords alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.domain.interactions.interaction import Interaction
from keyturn.domain.users.authority import Status
from tests.fakes.at_once import at_once
from tests.fakes.login_factory import (
    ADA,
    BEN,
    make_authority,
    make_consent,
    make_interaction,
    make_link,
    make_mark,
    make_password,
    make_session,
    make_user,
)
from tests.fakes.login_stores import LoginStores, dynamodb_stores
from tests.fakes.lost_answer import lost_answer
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def sign_in(stores: LoginStores, cookie: str = "cookie", **changes: Any) -> bool:
    """Sign the user of `add_user` in, as the user was when it was read, with changes."""
    read: dict[str, Any] = {
        "session": make_session(cookie),
        "authority": make_authority(),
        "credential": make_password(),
        "replaced": None,
        "interaction": None,
    } | changes
    return stores.sign_ins.sign_in(read.pop("session"), **read)


def change_password(stores: LoginStores, **changes: Any) -> bool:
    """Give the user of `add_user` another password, with changes."""
    read: dict[str, Any] = {
        "credential": make_password(mac="77" * 32, revision=1, changed_at=NOW + 5),
        "authority": make_authority(),
        "user": make_user(),
        "previous": make_password(),
        "link": None,
    } | changes
    return stores.sign_ins.change_password(read.pop("credential"), **read)


def disable(stores: LoginStores) -> None:
    stores.authorities.update(make_authority(status=Status.DISABLED))


def change_claims(stores: LoginStores) -> None:
    stores.authorities.update(make_authority(claims={}))


def open_interaction(stores: LoginStores, **changes: Any) -> Interaction:
    """Store an interaction of the browser, and return it."""
    interaction = make_interaction(**changes)
    stores.opener.create(interaction)
    return interaction


def test_a_sign_in_starts_a_session(stores: LoginStores) -> None:
    """A session and its pointer are there after it, for an active user with the password that was read."""
    stores.add_user()
    assert sign_in(stores)
    assert stores.sessions.get(make_session().key_hash) == make_session()
    assert stores.sessions.list(ADA) == (make_session(),)


def test_a_sign_in_marks_its_interaction(stores: LoginStores) -> None:
    """The interaction gets session and time of the sign-in, and loses marks that another user may have set."""
    stores.add_user()
    interaction = open_interaction(stores, session_id="older", consented=make_mark(), confirmed_at=NOW)
    assert sign_in(stores, interaction=interaction)
    assert stores.interactions.get(interaction.key_hash) == replace(
        interaction, session_id="sid-1", authenticated_at=NOW + 1, consented=None, confirmed_at=None
    )


@pytest.mark.parametrize("session_id", ["sid-1", "another"])
def test_a_sign_in_replaces_the_browsers_session(stores: LoginStores, session_id: str) -> None:
    """The older session of the browser is gone with its pointer, whether or not its sid goes on."""
    stores.add_user()
    older = stores.add_session(make_session("older", session_id=session_id))
    assert sign_in(stores, replaced=older)
    assert stores.sessions.get(older.key_hash) is None
    assert stores.sessions.list(ADA) == (make_session(),)


def test_the_sid_of_a_session_that_ended_does_not_go_on(stores: LoginStores) -> None:
    """A session that was ended meanwhile may have a revoked sid: only a sign-in with another sid succeeds."""
    stores.add_user()
    older = make_session("older")
    assert not sign_in(stores, replaced=older)
    assert sign_in(stores, replaced=replace(older, session_id="another"))


def test_sessions_of_several_browsers_stay(stores: LoginStores) -> None:
    """A sign-in without a replaced session ends none."""
    stores.add_user()
    for number in range(3):
        assert sign_in(stores, session=make_session(f"{number}", created_at=NOW + number))
    assert [each.created_at - NOW for each in stores.sessions.list(ADA)] == [2, 1, 0]


@pytest.mark.parametrize(
    "change",
    [
        disable,
        change_claims,
        lambda stores: stores.authorities.remove(ADA),
        lambda stores: stores.passwords.erase(ADA),
        change_password,
    ],
    ids=["disabled", "claims", "removed", "erased", "password"],
)
def test_a_user_who_changed_meanwhile_is_not_signed_in(
    stores: LoginStores, change: Callable[[LoginStores], object]
) -> None:
    """Status and credential must be those that the sign-in was decided on; else nothing is written at all."""
    stores.add_user()
    older = stores.add_session(make_session("older"))
    interaction = open_interaction(stores)
    change(stores)
    assert not sign_in(stores, replaced=older, interaction=interaction)
    assert stores.sessions.list(ADA) == (older,)
    assert stores.interactions.get(interaction.key_hash) == interaction


def test_a_disabled_user_is_not_signed_in_at_any_revision(stores: LoginStores) -> None:
    """The status is compared in the transaction itself, whatever the caller has read."""
    stores.add_user()
    disable(stores)
    disabled = stores.authorities.get(ADA)
    assert disabled is not None
    assert not sign_in(stores, authority=disabled)
    assert stores.sessions.list(ADA) == ()


@pytest.mark.parametrize(
    "stored",
    [
        {"denied": True},
        {"grant_id": "g"},
        {"browser_hash": "another"},
        {"browser_hash": None},
        {"expires_at": NOW},
    ],
)
def test_an_interaction_that_is_not_open_gets_no_session(stores: LoginStores, stored: dict[str, Any]) -> None:
    """A denied, used, foreign, unbound or late interaction stops the sign-in, and stays as it is."""
    stores.add_user()
    interaction = open_interaction(stores, **stored)
    assert not sign_in(stores, interaction=make_interaction())
    assert not sign_in(stores, interaction=make_interaction(browser_hash=None))
    assert not sign_in(stores, interaction=make_interaction("gone"))
    assert stores.interactions.get(interaction.key_hash) == interaction
    assert stores.sessions.list(ADA) == ()


def test_a_sign_in_whose_answer_was_lost_is_done(stores: LoginStores) -> None:
    """The same write again succeeds and changes nothing; another session of the same cookie is refused."""
    authority, credential = stores.add_user()
    older = stores.add_session(make_session("older"))
    interaction = open_interaction(stores)
    for _ in range(2):
        assert sign_in(stores, replaced=older, interaction=interaction)
    assert not sign_in(stores, session=make_session(session_id="other"))
    assert stores.sessions.list(ADA) == (make_session(),)
    assert (authority, credential) == (stores.authorities.get(ADA), stores.passwords.get(ADA))


def test_one_of_two_sign_ins_keeps_the_sid(stores: LoginStores) -> None:
    """Two tabs that replace one session at once do not leave two sessions of one sid."""
    stores.add_user()
    older = stores.add_session(make_session("older"))
    cookies = iter(("one", "other"))
    done = at_once(2, lambda: sign_in(stores, next(cookies), replaced=older))
    assert sorted(done) == [False, True]
    assert len(stores.sessions.list(ADA)) == 1


def test_a_password_is_changed(stores: LoginStores) -> None:
    """The next revision is in the place of the one before; a session needs the new one from then on."""
    stores.add_user()
    assert change_password(stores)
    changed = stores.passwords.get(ADA)
    assert changed == make_password(mac="77" * 32, revision=1, changed_at=NOW + 5)
    assert not sign_in(stores)
    assert sign_in(stores, credential=changed)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (disable, {}),
        (change_claims, {}),
        (lambda stores: stores.passwords.erase(ADA), {}),
        (lambda stores: change_password(stores, credential=make_password(revision=7)), {}),
        (
            lambda stores: stores.users.update(
                make_user(name="A"), email="ada@example.com", previous_email="ada@example.com"
            ),
            {},
        ),
        (lambda stores: stores.users.erase(ADA, email="ada@example.com"), {}),
        (lambda stores: None, {"previous": None}),
        (lambda stores: None, {"link": make_link("unknown")}),
        (lambda stores: stores.passwords.add_link(make_link(subject=BEN)), {"link": make_link()}),
        (lambda stores: stores.passwords.add_link(make_link(expires_at=NOW + 5)), {"link": make_link()}),
    ],
    ids=["disabled", "claims", "erased", "changed", "profile", "gone", "first", "no-link", "foreign-link", "late-link"],
)
def test_a_user_who_changed_meanwhile_keeps_the_password(
    stores: LoginStores, change: Callable[[LoginStores], object], read: dict[str, Any]
) -> None:
    """User, status, password and link must be those that the change was decided on; else nothing is written."""
    stores.add_user()
    change(stores)
    before = stores.passwords.get(ADA), stores.passwords.get_link(make_link().key_hash)
    assert not change_password(stores, **read)
    assert (stores.passwords.get(ADA), stores.passwords.get_link(make_link().key_hash)) == before


def test_a_link_is_used_once(stores: LoginStores) -> None:
    """The first password takes the link away: the same link gives no second one."""
    user, authority, link = make_user(), make_authority(), make_link()
    stores.users.create(user, email="ada@example.com")
    stores.authorities.create(authority)
    stores.passwords.add_link(link)
    assert stores.passwords.get_link(link.key_hash) == link
    for _ in range(2):
        assert change_password(stores, credential=make_password(), previous=None, link=link)
    assert stores.passwords.get_link(link.key_hash) is None
    assert not change_password(stores, credential=make_password(mac="66" * 32), previous=None, link=link)
    assert not change_password(stores, link=link)
    assert stores.passwords.get(ADA) == make_password()


def test_one_of_two_uses_of_a_link_wins(stores: LoginStores) -> None:
    """Two browsers with one link at once: one password is stored."""
    stores.add_user()
    stores.passwords.add_link(make_link(credential_revision=0))
    macs = iter(("11" * 32, "22" * 32))

    def use() -> bool:
        credential = make_password(mac=next(macs), revision=1)
        return change_password(stores, credential=credential, link=make_link())

    assert sorted(at_once(2, use)) == [False, True]


@pytest.mark.parametrize("act", [sign_in, change_password])
def test_a_write_that_is_sent_again_is_one_write(
    login_dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, act: Callable[[LoginStores], bool]
) -> None:
    """The answer is lost, and botocore's second attempt finds the first one's work: the user sees a success."""
    stores = dynamodb_stores(login_dynamodb)
    stores.add_user()
    with lost_answer(login_dynamodb, "TransactWriteItems", monkeypatch) as sent:
        assert act(stores)
    assert sent[:2] == ["TransactWriteItems", "TransactWriteItems"]


def test_disabling_races_with_sign_in(stores: LoginStores) -> None:
    """Whichever comes first, a session exists only if the sign-in came before the operator's write."""
    stores.add_user()
    actions: Iterator[Callable[[], object]] = iter((partial(disable, stores), partial(sign_in, stores)))
    results = at_once(2, lambda: next(actions)())
    assert len(stores.sessions.list(ADA)) == results.count(True)
    assert not sign_in(stores, "later")


def test_no_consent_is_left_of_another_user(stores: LoginStores) -> None:
    """A consent that was given on a page of the user before does not count after another user signed in."""
    stores.add_user()
    interaction = open_interaction(stores, session_id="of-another-user", authenticated_at=NOW)
    assert sign_in(stores, interaction=interaction)
    assert not stores.interactions.consent(interaction, make_mark(), make_consent(BEN))
    assert stores.consents.list(BEN) == ()
