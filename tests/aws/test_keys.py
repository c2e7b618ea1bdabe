"""Keys in KMS, and who may use them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.attribute_values import decode_item
from keyturn.adapters.key_ring_item import ring_from_item, ring_key
from keyturn.adapters.kms_signer import MAX_RAW_BYTES
from keyturn.domain.key_ring import DEFAULT_RING
from tests.aws.patience import eventually
from tests.aws.stack import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

# What each role must not be able to do, whatever else it may: the boundary between the functions.
DENIED = {
    "AuthorizerRole": ("kms:Sign", "kms:CreateKey", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "TokenIssuerRole": ("kms:CreateKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "lambda:InvokeFunction"),
    "KeyRotatorRole": ("kms:CreateGrant", "kms:TagResource", "iam:PassRole", "lambda:InvokeFunction"),
}


@pytest.fixture(scope="module")
def spare_key() -> Iterator[str]:
    """Return a key that no ring has, for what the ring's own keys let nobody try; its deletion is scheduled."""
    kms = aws("kms")
    tags = [{"TagKey": "keyturn:verification", "TagValue": "spare"}]
    key: str = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Tags=tags)["KeyMetadata"]["Arn"]
    yield key
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def sign(key: str, message: bytes) -> str:
    """Return "signed", or the code of KMS's refusal."""
    try:
        aws("kms").sign(KeyId=key, Message=message, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "signed"


@pytest.mark.on_aws_alone("the emulator's root may do everything")
def test_nobody_signs_but_the_issuer_and_the_rotator(stack: StackFile, observe: Observe) -> None:
    """An administrator of the account cannot sign with a ring's active key: its policy has said so from birth (I1)."""
    item: Any = aws("dynamodb").get_item(TableName=stack.outputs["KeyRingTableName"], Key=ring_key(DEFAULT_RING))[
        "Item"
    ]
    active = ring_from_item(decode_item(item), DEFAULT_RING).active()
    try:
        aws("kms").sign(KeyId=active.arn, Message=b"x", MessageType="RAW", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")
        answer = "signed"
    except ClientError as error:
        answer = str(error.response["Error"]["Code"])
    observe(answer=answer, algorithm=active.algorithm)
    assert answer == "AccessDeniedException"


@pytest.mark.on_aws_alone("the emulator takes longer messages")
def test_kms_signs_messages_up_to_its_limit(spare_key: str, observe: Observe) -> None:
    """KMS signs a RAW message of 4,096 bytes and refuses one more: longer tokens are signed by their digest."""
    seen = {size: sign(spare_key, b"x" * size) for size in (MAX_RAW_BYTES, MAX_RAW_BYTES + 1)}
    observe(**{str(size): answer for size, answer in seen.items()})
    assert seen == {MAX_RAW_BYTES: "signed", MAX_RAW_BYTES + 1: "ValidationException"}


def test_signing_takes_a_while(spare_key: str, observe: Observe) -> None:
    """A signature by KMS is there: how long it takes is noted, from where this runs."""
    sign(spare_key, b"opens the connection")
    seconds = []
    for _ in range(20):
        started = time.monotonic()
        assert sign(spare_key, b"x" * 500) == "signed"
        seconds.append(time.monotonic() - started)
    observe(median_ms=1000 * statistics.median(seconds), longest_ms=1000 * max(seconds))


def test_a_new_key_is_found_by_its_tag(spare_key: str, observe: Observe) -> None:
    """The tagging API finds a new key, with a delay: an orphan is looked for again at the next tick (I4)."""
    wanted = [{"Key": "keyturn:verification", "Values": ["spare"]}]
    found, waited = eventually(
        lambda: [
            each["ResourceARN"]
            for each in aws("resourcegroupstaggingapi").get_resources(TagFilters=wanted)["ResourceTagMappingList"]
        ],
        lambda found: spare_key in found,
        seconds=300,
        pause=2,
    )
    observe(after_seconds=waited)
    assert spare_key in found


@pytest.mark.on_aws_alone("the emulator simulates no policy")
@pytest.mark.parametrize("role", DENIED)
def test_a_role_is_denied(resources: dict[str, str], role: str, observe: Observe) -> None:
    """What belongs to another function is denied to this one's role, by IAM's own judgement."""
    iam = aws("iam")
    arn = iam.get_role(RoleName=resources[role])["Role"]["Arn"]
    answers = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(DENIED[role]))["EvaluationResults"]
    decisions = {answer["EvalActionName"]: answer["EvalDecision"] for answer in answers}
    observe(role=role, decisions=decisions)
    assert not {action for action, decision in decisions.items() if decision == "allowed"}
    assert decisions.keys() == set(DENIED[role])
