"""The key rotator between KMS, the tagging API and its ring."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.keys.kms_key_policy import STACK_TAG, key_policy
from keyturn.adapters.keys.kms_key_provisioner import NONCE_TAG
from keyturn.domain.errors import VersionConflict
from keyturn.domain.keys.key_ring import DEFAULT_RING
from keyturn.domain.keys.key_transition import open_intent
from tests.aws.patience import eventually
from tests.aws.removal import schedule_deletion
from tests.aws.stack import TAG, aws, invoke_rotator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

LONG_AGO = 1


def test_a_policy_comes_back_as_it_was_put(stack: StackFile, observe: Observe) -> None:
    """KMS gives a key's policy back so that the rotator knows it for its own: no tick repairs it again (I5)."""
    repaired = [
        [step for step in invoke_rotator(stack, action="tick")["applied"] if step["action"] == "repair_policy"]
        for _ in range(2)
    ]
    observe(repaired=[len(steps) for steps in repaired])
    assert repaired == [[], []]


@contextlib.contextmanager
def orphan(stack: StackFile, resources: dict[str, str], nonce: str) -> Iterator[str]:
    """Create a key as the rotator does, in no ring; its deletion is scheduled."""
    iam, kms = aws("iam"), aws("kms")
    issuer, rotator = (
        iam.get_role(RoleName=resources[name])["Role"]["Arn"] for name in ("TokenIssuerRole", "KeyRotatorRole")
    )
    tags = {STACK_TAG: stack.stack_name, NONCE_TAG: nonce, TAG: stack.stack_name}
    key: str = kms.create_key(
        KeySpec="ECC_NIST_P256",
        KeyUsage="SIGN_VERIFY",
        Policy=json.dumps(key_policy(issuer, rotator)),
        Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()],
    )["KeyMetadata"]["Arn"]
    try:
        yield key
    finally:
        schedule_deletion(key)


def open_old_intent(stack: StackFile, nonce: str) -> None:
    """Write the wish for a key into the ring, as of long ago, between two writes of the rotator's."""
    tables = stack.outputs["KeyRingTableName"], stack.outputs["RevocationTableName"]
    store = DynamoDbKeyRingStore(aws("dynamodb"), *tables)
    for _ in range(5):
        with contextlib.suppress(VersionConflict):
            ring = store.load(DEFAULT_RING)
            store.save(open_intent(ring, nonce=nonce, algorithm="ES256", now=LONG_AGO))
            return
    raise AssertionError("the ring changes too often")


def test_an_orphan_is_found_by_its_tag(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """The key of a creation that crashed is found with tag:GetResources alone, and scheduled for deletion (I4)."""
    nonce, tagging = secrets.token_hex(16), aws("resourcegroupstaggingapi")

    def found() -> list[str]:
        wanted = [{"Key": NONCE_TAG, "Values": [nonce]}]
        answer: dict[str, Any] = tagging.get_resources(TagFilters=wanted, ResourceTypeFilters=["kms:key"])
        return [each["ResourceARN"] for each in answer["ResourceTagMappingList"]]

    with orphan(stack, resources, nonce) as key:
        # The rotator looks once the intent is 15 minutes old.
        visible, delay = eventually(found, bool, seconds=900, pause=2)
        observe(found_after_seconds=delay if visible else f"not within {delay}")
        open_old_intent(stack, nonce)
        answer = invoke_rotator(stack, action="tick")
        state, waited = eventually(
            lambda: str(aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]),
            lambda state: state == "PendingDeletion",
            seconds=90,
        )
    observe(failed=answer.get("failed", "nothing"), state=state, after_seconds=waited)
    assert visible == [key]
    assert state == "PendingDeletion"
