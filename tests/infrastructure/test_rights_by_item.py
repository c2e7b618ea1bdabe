"""Each role may reach the items that its function reaches, and undoes no revocation of another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from keyturn.domain.revocations.revocation import TargetKind
from tests.fakes.moto_rotation import REVOCATIONS, RINGS, MotoRotationHarness
from tests.fakes.tables import TABLES
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.role_policies import RolePolicies, attributes_of, items_of
from tests.infrastructure.traced_stack import EMAIL, PASSWORD, Trace, TracedStack, traced_stack, watched_calls

LOGICAL_IDS = TABLES | {RINGS: "KeyRingTable", REVOCATIONS: "RevocationTable"}
ROLES = {"I": "TokenIssuerRole", "L": "LoginRole", "R": "KeyRotatorRole"}
WRITES = ("PutItem", "UpdateItem", "DeleteItem")
KINDS = (*(kind.value for kind in TargetKind), "feed")

# The rights of each role on the revocation table, by the kind of the item.
REVOKES = {
    "TokenIssuerRole": {("PutItem", "feed"), ("UpdateItem", "jti"), ("UpdateItem", "gid")},
    # The item of a subject holds the cutoffs of its pairs.
    "LoginRole": {("PutItem", "feed"), ("UpdateItem", "sid"), ("UpdateItem", "sub")},
    "KeyRotatorRole": {("UpdateItem", "global")},
}


@pytest.fixture(scope="module")
def policies(template: NativeTemplate) -> RolePolicies:
    """Return the policies of the roles."""
    return RolePolicies(template)


class Judge:
    """Asks IAM about each item of each call of DynamoDB; `asked_by` names the function that calls now."""

    def __init__(self, policies: RolePolicies, trace: Trace) -> None:
        self._policies = policies
        self._trace = trace
        self._lock = threading.Lock()
        self.seen: set[tuple[str, str, str, str]] = set()
        self.denied: set[tuple[str, str, str, str]] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Judge what is called meanwhile."""

        def judge(service: str, operation: str, parameters: Any) -> None:
            if service == "DynamoDB":
                with self._lock:
                    self._judge(operation, parameters)

        with watched_calls(judge):
            yield

    def _judge(self, operation: str, parameters: Any) -> None:
        role = ROLES[self._trace.asked_by]
        for action, name, keys, attributes in items_of(operation, parameters):
            table = LOGICAL_IDS[name]
            entries = {(role, action, table, key.partition("#")[0]) for key in keys}
            self.seen |= entries
            if not self._policies.allow_item(role, action, table, *keys, attributes=attributes):
                self.denied |= entries


def test_the_functions_may_reach_the_items_that_they_reach(
    policies: RolePolicies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in, tokens, revocations and the account page pass IAM with the real keys of their items."""
    trace = Trace()
    judge = Judge(policies, trace)
    with traced_stack(trace, monkeypatch) as stack, judge.watching():
        _live(stack)
    assert judge.denied == set()
    written = {(role, action, kind) for role, action, table, kind in judge.seen if table == "RevocationTable"}
    assert written >= {
        *(("TokenIssuerRole", action, kind) for action, kind in REVOKES["TokenIssuerRole"]),
        *(("LoginRole", action, kind) for action, kind in REVOKES["LoginRole"]),
    }
    assert {kind for role, _, table, kind in judge.seen if table == "GrantTable"} == {"grant", "assertion", "rate"}


def _live(stack: TracedStack) -> None:
    """Use the stack as a client and its user do, up to each revocation that they can ask for."""
    browser = stack.browser()
    tokens = stack.redeem(stack.sign_in(browser))
    tokens = stack.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    stack.revoke(tokens["access_token"])
    stack.revoke(tokens["refresh_token"])
    stack.token(grant_type="client_credentials", scope="orders:read")
    browser.get("/account")
    assert browser.submit("/oauth2/logout").status == 200
    browser.get("/login")
    assert browser.submit("/login/password", email=EMAIL, password=PASSWORD).status == 303
    change = {"current_password": PASSWORD, "new_password": PASSWORD[::-1], "new_password_again": PASSWORD[::-1]}
    for path, fields in (
        ("/account/applications", {"client_id": "app"}),
        ("/account/password", change),
        ("/account/sessions", {"session": "all"}),
    ):
        browser.get("/account")
        assert browser.submit(path, **fields).status == 303


def test_the_rotator_may_reach_the_items_that_it_reaches(
    policies: RolePolicies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first keys, a rotation and an emergency pass IAM with the real keys of their items."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    trace = Trace()
    trace.asked_by = "R"
    judge = Judge(policies, trace)
    harness = MotoRotationHarness()
    try:
        with judge.watching():
            harness.start()
            harness.rotator().compromise(harness.ring.active().kid, reason="leak", actor="ann")
    finally:
        harness.close()
    asked = {entry[1:] for entry in judge.seen if entry[2] == "RevocationTable" and entry[1] != "BatchGetItem"}
    assert asked == {("UpdateItem", "RevocationTable", "global")}
    # The harness itself looks at the revocations.
    assert judge.denied <= {("KeyRotatorRole", "BatchGetItem", "RevocationTable", "global")}


@pytest.mark.parametrize("action", WRITES)
def test_each_role_writes_its_own_kinds_of_revocations_alone(policies: RolePolicies, action: str) -> None:
    """PutItem and DeleteItem would undo a revocation: no role has them, apart from new items of the feed."""
    for role in policies.roles:
        for kind in KINDS:
            expected = (action, kind) in REVOKES.get(role, set())
            for identifier in ("0", "u_ada#app", "2026-11-30", ""):
                key = f"{kind}#{identifier}"
                assert policies.allow_item(role, action, "RevocationTable", key) == expected, (role, key)


@pytest.mark.parametrize("key", ["feed", "Feed#x", " feed#x", "xfeed#x", "jti", "JTI#x", "", "*", "fee?#x"])
@pytest.mark.parametrize("action", WRITES)
def test_a_key_that_only_resembles_a_kind_is_written_by_no_role(policies: RolePolicies, action: str, key: str) -> None:
    """The pattern of a partition key is compared from its first character, with its case."""
    assert not any(policies.allow_item(role, action, "RevocationTable", key) for role in policies.roles)


def test_one_foreign_key_refuses_the_whole_call(policies: RolePolicies) -> None:
    """A call with several items is allowed only if each of them is."""
    assert policies.allow_item("TokenIssuerRole", "UpdateItem", "RevocationTable", "jti#1", "gid#2")
    assert not policies.allow_item("TokenIssuerRole", "UpdateItem", "RevocationTable", "jti#1", "global#0")
    assert not policies.allow_item("LoginRole", "PutItem", "RevocationTable", "feed#1", "sub#u_ada")


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("UpdateItem", "assertion#app#1"),
        ("PutItem", "rate#app#token#1"),
        ("GetItem", "assertion#app#1"),
        ("DeleteItem", "grant#1"),
        ("Scan", ""),
    ],
)
def test_the_issuer_has_no_second_use_of_an_assertion_or_a_rate(policies: RolePolicies, action: str, key: str) -> None:
    """RFC 7523 §3: an item in the table of grants is written by the one action that its adapter takes."""
    assert not policies.allow_item("TokenIssuerRole", action, "GrantTable", key)


@pytest.mark.parametrize("role", ["LoginRole", "AuthorizerRole", "KeyRotatorRole", "ScheduleRole"])
@pytest.mark.parametrize("table", ["GrantTable", "ClientTable", "AuthorityTable"])
def test_no_other_role_writes_grants_registrations_or_status(policies: RolePolicies, role: str, table: str) -> None:
    """The tables that decide who gets tokens are written by the issuer or by an operator."""
    for action in WRITES:
        for key in ("grant#1", "client#app", "resource#https://api.example", "u#u_ada"):
            assert not policies.allow_item(role, action, table, key)
    assert not policies.allow_item("LoginRole", "GetItem", "ClientTable", "resource#https://api.example")


@pytest.mark.parametrize(
    ("attributes", "is_allowed"),
    [
        (("pk", "sk", "last_used_at"), True),
        (("gave_code", "last_used_at", "pk", "sk"), True),
        (("last_used_at", "pk", "sk", "subject"), False),
        (("expires_at", "pk", "sk"), False),
        (("auth_time",), False),
        (("LAST_USED_AT",), False),
    ],
)
def test_the_issuer_creates_no_session_and_changes_no_user_of_one(
    policies: RolePolicies, attributes: tuple[str, ...], is_allowed: bool
) -> None:
    """An update of an item that does not exist creates it: the issuer writes only the last use and the first code."""
    assert policies.allow_item("TokenIssuerRole", "UpdateItem", "SessionTable", "s#1", attributes=attributes) == (
        is_allowed
    )
    for action, key in (("PutItem", "s#1"), ("DeleteItem", "s#1"), ("UpdateItem", "u#u_ada"), ("Query", "u#u_ada")):
        assert not policies.allow_item("TokenIssuerRole", action, "SessionTable", key, attributes=attributes)


def test_the_attributes_that_an_update_names() -> None:
    """All names of both expressions and of the key count, since AWS does not document which of them it compares."""
    update = {
        "Key": {"pk": {"S": "s#1"}, "sk": {"S": "session"}},
        "UpdateExpression": "ADD taken :one SET #at = if_not_exists(v, :v) REMOVE denied",
        "ConditionExpression": "attribute_exists(pk) AND (owner = :owner OR NOT end > :now)",
        "ExpressionAttributeNames": {"#at": "at"},
    }
    assert attributes_of(update) == ["at", "denied", "end", "owner", "pk", "sk", "taken", "v"]
