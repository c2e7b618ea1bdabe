"""The keys that `keyturn uninstall --delete-keys` deletes, and those with the stack's tag that it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.keys.kms_key_policy import STACK_TAG
from tests.fakes.command_stack import ring_of, run
from tests.fakes.moto_dynamodb import create_table
from tests.fakes.moto_kms import OWNERS, TagLookUp, provisioner
from tests.fakes.token_factory import signing_key

REGION = "eu-central-1"
STACK = "keyturn"
SIGNS = {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}
RING_TABLE = f"{STACK}-KeyRingTable-ABC123"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bring up an account without stacks, in which the tagging API finds keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "GetResources":
            pages = TagLookUp(kms()).paginate(
                TagFilters=arguments["TagFilters"], ResourceTypeFilters=arguments["ResourceTypeFilters"]
            )
            return {"ResourceTagMappingList": [each for page in pages for each in page["ResourceTagMappingList"]]}
        if operation == "DescribeStacks":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "it does not exist"}}, operation)
        if operation == "ListLayerVersions":
            return {"LayerVersions": []}
        if operation == "ScheduleKeyDeletion":  # moto takes the key's id alone
            arguments = arguments | {"KeyId": arguments["KeyId"].rpartition("/")[2]}
        return original(client, operation, arguments)

    with mock_aws():
        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        yield


def kms() -> Any:
    return boto3.client("kms", region_name=REGION)


def created_by_rotator(stack: str = STACK, algorithm: str = "ES256") -> str:
    """Return the ARN of a key that the rotator of this stack made."""
    return provisioner(kms(), owners=OWNERS._replace(stack=stack)).create_key(algorithm, "nonce")


def created_by_somebody(stack: str = STACK, **properties: Any) -> str:
    """Return the ARN of another key of the account, which carries the stack's tag."""
    tags = [{"TagKey": STACK_TAG, "TagValue": stack}]
    arn: str = kms().create_key(Tags=tags, **properties)["KeyMetadata"]["Arn"]
    return arn


def retag(arn: str) -> str:
    kms().tag_resource(KeyId=arn, Tags=[{"TagKey": STACK_TAG, "TagValue": STACK}])
    return arn


def policy_of(arn: str) -> str:
    policy: str = kms().get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    return policy


def state(arn: str) -> str:
    found: str = kms().describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    return found


def delete_keys(*more: str) -> tuple[int, dict[str, Any], str]:
    result = run("uninstall", STACK, "--region", REGION, "--delete-keys", "--confirm", STACK, "--json", *more)
    return result.exit_code, json.loads(result.stdout), result.stderr


def other(kind: str) -> str:
    """Return the ARN of a key with the stack's tag that the stack did not create."""
    description, policy = f"Keyturn signing key ES256 of {STACK}", policy_of(created_by_rotator("another"))
    keys: dict[str, dict[str, Any]] = {
        "encrypts": {},
        "encrypts, and is described as a signing key": {"Description": description, "Policy": policy},
        "signs": SIGNS,
        "signs, and is described as a signing key": SIGNS | {"Description": description},
        "signs with the policy of a signing key": SIGNS | {"Policy": policy},
        "is multi-Region": SIGNS | {"Description": description, "Policy": policy, "MultiRegion": True},
        "is imported": SIGNS | {"Description": description, "Policy": policy, "Origin": "EXTERNAL"},
        "agrees on a secret": {"KeyUsage": "KEY_AGREEMENT", "KeySpec": "ECC_NIST_P256", "Description": description},
    }
    if kind == "is of another stack":
        return retag(created_by_rotator("keyturn-2"))
    return created_by_somebody(**keys[kind])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("encrypts", "it does not sign"),
        ("encrypts, and is described as a signing key", "it does not sign"),
        ("agrees on a secret", "it does not sign"),
        ("signs", "neither a key ring nor its key policy shows that it is of keyturn"),
        ("signs, and is described as a signing key", "neither a key ring"),
        ("signs with the policy of a signing key", "neither a key ring"),
        ("is of another stack", "neither a key ring"),
        ("is multi-Region", "it is a multi-Region key"),
        ("is imported", "its key material is of the origin EXTERNAL"),
    ],
)
def test_a_key_of_somebody_else_with_the_tag_is_listed_and_kept(kind: str, reason: str) -> None:
    """A tag is no proof: a key from another source is named with the reason, and stays."""
    arn, ours = other(kind), created_by_rotator()
    before = state(arn)
    exit_code, answer, noted = delete_keys()
    assert (exit_code, state(arn), state(ours)) == (0, before, "PendingDeletion")
    assert [key["key"] for key in answer["keys"]] == [ours]
    [kept] = answer["kept"]
    assert (kept["name"], kept["kind"], reason in kept["meaning"]) == (arn, "other key", True)
    assert f"note: {arn} has the tag of the stack, but {reason}" in noted
    shown = json.loads(run("uninstall", STACK, "--region", REGION, "--json").stdout)["survivors"]
    assert {each["name"]: each["kind"] for each in shown} == {arn: "other key", ours: "key"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_a_key_of_the_rotator_is_deleted_without_its_ring(algorithm: str) -> None:
    """The policy and the description of a signing key prove it after its table is gone."""
    arn = created_by_rotator(algorithm=algorithm)
    assert delete_keys("--days", "7")[1]["keys"] == [{"key": arn, "deleted_in_days": 7}]
    assert state(arn) == "PendingDeletion"


@pytest.mark.parametrize("in_ring", [True, False])
def test_a_key_with_a_rewritten_policy_is_known_by_the_ring(in_ring: bool) -> None:
    """The key ring that outlived the stack proves a key whose policy an administrator rewrote."""
    arn = created_by_somebody(**SIGNS)
    store_ring(arn if in_ring else "arn:aws:kms:eu-central-1:123456789012:key/1")
    _, answer, _ = delete_keys()
    assert [key["key"] for key in answer["keys"]] == [arn] * in_ring
    assert state(arn) == ("PendingDeletion" if in_ring else "Enabled")


def test_a_ring_that_cannot_be_read_proves_nothing() -> None:
    """A table of the stack's name without a ring leaves the proof to the policies."""
    arn, other = created_by_rotator(), created_by_somebody(**SIGNS)
    create_table(boto3.client("dynamodb", region_name=REGION), RING_TABLE, "pk")
    delete_keys()
    assert (state(arn), state(other)) == ("PendingDeletion", "Enabled")


def test_the_pepper_is_never_deleted() -> None:
    """The key of the passwords stays, since they are lost with it."""
    arn = created_by_somebody(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")
    assert delete_keys()[1] == {"stack": STACK, "keys": [], "kept": []}
    assert state(arn) == "Enabled"


def store_ring(arn: str) -> None:
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    create_table(dynamodb, RING_TABLE, "pk")
    ring = ring_of(signing_key("ES256"), arn=arn)
    DynamoDbKeyRingStore(dynamodb, RING_TABLE, "revocations").create(ring)
