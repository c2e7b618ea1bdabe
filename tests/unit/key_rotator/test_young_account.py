"""A deployment outlasts the time in which AWS does not know its new roles and keys yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from key_rotator.custom_resource import apply_request
from key_rotator.repeated_run import Patience
from keyturn.domain.errors import AccessDenied, KeyturnError, StoreUnavailable
from keyturn.domain.keys.key_ring import KeyState
from keyturn.domain.keys.rotation_policy import PolicyViolation
from tests.fakes.moto_rotation import MotoRotationHarness
from tests.fakes.rotation_harness import LEAD, rotation_policy
from tests.fakes.young_account import YoungAccount

LAMBDA_SECONDS = 120
ON_TABLES = ("GetItem", "PutItem", "UpdateItem")
ON_NEW_KEYS = (
    "DescribeKey",
    "DisableKey",
    "GetKeyPolicy",
    "GetPublicKey",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "Sign",
)


@pytest.fixture
def harness() -> Iterator[MotoRotationHarness]:
    """Return a rotator on the real adapters, without a ring."""
    harness = MotoRotationHarness()
    yield harness
    harness.close()


def patience(harness: MotoRotationHarness) -> Patience:
    """Return the patience of an invocation that has just begun, without real waiting."""
    return Patience(lambda: LAMBDA_SECONDS - harness.waits.seconds, harness.waits.append)


def deploy(harness: MotoRotationHarness, kind: str = "Create", *algorithms: str) -> None:
    """Carry out a request of CloudFormation."""
    event: dict[str, Any] = {"RequestType": kind}
    apply_request(event, lambda: harness.rings(*algorithms), patience(harness))


def keys_in_use(harness: MotoRotationHarness) -> int:
    """Return the number of keys that KMS would bill."""
    return sum(key.state == "Enabled" for key in harness.kms.made.values())


def first_three(operation: str, earlier: int) -> str | None:
    """Refuse the first three calls of each operation: KMS those on a new key, IAM those of a new role."""
    if earlier >= 3:
        return None
    if operation in ON_NEW_KEYS:
        return "NotFoundException"
    return "AccessDeniedException" if operation in ("CreateKey", *ON_TABLES) else None


def test_a_new_stack_outlasts_three_refusals_of_each_call(harness: MotoRotationHarness) -> None:
    """Each call may be refused three times: the stack gets its two keys, and no key beside them."""
    account = YoungAccount(first_three, *harness.clients)
    deploy(harness)
    account.settle()
    assert harness.only(KeyState.ACTIVE)
    assert harness.only(KeyState.PRE_ACTIVATION)
    assert keys_in_use(harness) == len(harness.kms.made) == 2
    assert {each.operation for each in account.refused} >= {*ON_TABLES, "CreateKey", "GetPublicKey", "Sign"}
    assert harness.waits.seconds < LAMBDA_SECONDS


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotFoundException"])
@pytest.mark.parametrize("operation", ["GetPublicKey", "Sign"])
def test_a_new_key_is_asked_again(harness: MotoRotationHarness, operation: str, code: str) -> None:
    """KMS may know a new key or its policy later: the call is repeated, and the key is created once."""
    YoungAccount(lambda name, earlier: code if name == operation and earlier < 3 else None, *harness.clients)
    deploy(harness)
    assert len(harness.kms.made) == 2


def test_a_standby_that_is_refused_at_first_is_created(harness: MotoRotationHarness) -> None:
    """The run is repeated if one of its steps is refused."""
    YoungAccount(
        lambda name, earlier: "AccessDeniedException" if name == "CreateKey" and 0 < earlier < 4 else None,
        *harness.clients,
    )
    deploy(harness)
    assert harness.only(KeyState.PRE_ACTIVATION)
    assert len(harness.kms.made) == 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "MalformedPolicyDocumentException"])
def test_a_role_may_be_invisible_for_a_minute(harness: MotoRotationHarness, code: str) -> None:
    """IAM refuses each call of a new role for 60 s, or KMS its ARN in a policy: the creation still succeeds."""
    operations = ("CreateKey",) if code.startswith("Malformed") else ("CreateKey", *ON_TABLES)

    def refuse(operation: str, _earlier: int) -> str | None:
        return code if operation in operations and harness.waits.seconds < 60 else None

    YoungAccount(refuse, *harness.clients)
    deploy(harness)
    assert 60 <= harness.waits.seconds < LAMBDA_SECONDS
    assert keys_in_use(harness) == len(harness.kms.made) == 2


@pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyPolicy"])
def test_a_tick_after_the_creation_replaces_no_key(harness: MotoRotationHarness, operation: str) -> None:
    """KMS may answer NotFound for a key of seconds: the tick asks again, and neither replaces nor reports it."""
    deploy(harness)
    before = harness.ring

    def refuse(name: str, earlier: int) -> str | None:
        return "NotFoundException" if name == operation and earlier < 3 else None

    YoungAccount(refuse, *harness.clients)
    harness.rotator().tick().check()
    assert harness.ring.version == before.version
    assert len(harness.kms.made) == 2


def test_a_changed_policy_of_a_new_key_is_repaired(harness: MotoRotationHarness) -> None:
    """A repair is repeated while KMS does not know the key, or the role that the policy names."""
    deploy(harness)
    kms = harness.clients[1]
    arn = harness.only(KeyState.ACTIVE).arn
    kms.put_key_policy(KeyId=arn, PolicyName="default", Policy='{"Statement": []}')
    codes = ["NotFoundException", "MalformedPolicyDocumentException"]
    YoungAccount(lambda name, _: codes.pop() if name == "PutKeyPolicy" and codes else None, *harness.clients)
    harness.rotator().tick().check()
    assert "TheIssuerSigns" in kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def test_a_key_that_no_ring_can_take_is_deleted_although_it_is_new(harness: MotoRotationHarness) -> None:
    """NotFound of a new key is no proof that it is deleted: its deletion is asked for again."""
    arn = harness.kms.create_key("ES256", "n")
    account = YoungAccount(first_three, *harness.clients)
    harness.kms.schedule_deletion(arn, 7)
    account.settle()
    assert [key.state for key in harness.kms.made.values()] == ["PendingDeletion"]


def test_a_lasting_refusal_ends_the_creation(harness: MotoRotationHarness) -> None:
    """A role that lacks the right for good fails the deployment in time for the answer, without a key."""
    YoungAccount(lambda name, _: "AccessDeniedException" if name == "CreateKey" else None, *harness.clients)
    with pytest.raises(AccessDenied, match="KMS CreateKey: AccessDeniedException"):
        deploy(harness)
    assert 55 < harness.waits.seconds <= LAMBDA_SECONDS - 45
    assert len(harness.kms.made) == 0


def test_a_deleted_table_is_named(harness: MotoRotationHarness) -> None:
    """A table that somebody deleted fails the request, which names the call, and leaves the keys as they are."""
    deploy(harness)
    harness.clients[0].delete_table(TableName="rings")
    for kind in ("Create", "Update"):
        with pytest.raises(StoreUnavailable, match=r"DynamoDB \w+ of the key ring: ResourceNotFoundException"):
            deploy(harness, kind)
        assert harness.waits == []
    assert keys_in_use(harness) == len(harness.kms.made) == 2


def test_a_broken_rule_is_answered_at_once(harness: MotoRotationHarness) -> None:
    """A fault that time cannot mend is answered without a repetition."""
    harness.policy = rotation_policy(publish_lead=700)
    with pytest.raises(PolicyViolation):
        deploy(harness)
    assert harness.waits == []


def test_no_run_begins_without_time_for_its_answer(harness: MotoRotationHarness) -> None:
    """An invocation with little time left runs once: CloudFormation must get an answer."""
    YoungAccount(lambda _name, _earlier: "AccessDeniedException", *harness.clients)
    with pytest.raises(KeyturnError):
        apply_request({"RequestType": "Create"}, harness.rings, Patience(lambda: 46, harness.waits.append))
    assert harness.waits == []


def test_a_rolled_back_update_leaves_each_key_as_it_was(harness: MotoRotationHarness) -> None:
    """An update that is refused three times, and its rollback: the same keys sign, and the longest lifetime stays."""
    deploy(harness)
    active, standby, old = harness.only(KeyState.ACTIVE), harness.only(KeyState.PRE_ACTIVATION), harness.policy
    harness.policy = rotation_policy(max_token_lifetime=1200)
    YoungAccount(first_three, *harness.clients)
    deploy(harness, "Update", "RS256")
    harness.policy = old
    deploy(harness, "Update")
    assert (harness.only(KeyState.ACTIVE), harness.only(KeyState.PRE_ACTIVATION)) == (active, standby)
    assert harness.ring.longest_lifetime == 1200
    harness.pass_time(LEAD)
    for report in harness.rings().tick():
        report.check()
