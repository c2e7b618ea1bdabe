"""Keys in KMS: their policy at birth, its repair, and KMS's moods."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from moto.iam.aws_managed_policies import aws_managed_policies_data

from keyturn.adapters.keys.kms_key_policy import key_policy, same_policy
from keyturn.adapters.keys.kms_key_provisioner import KmsKeyProvisioner
from keyturn.domain.errors import AccessDenied, KeyUnusable
from tests.fakes.moto_kms import OWNERS, moto_kms, provisioner

ARN = "arn:aws:kms:eu-central-1:123456789012:key/1"
POLICY = key_policy(OWNERS.issuer_role, OWNERS.rotator_role)


def stubbed() -> tuple[KmsKeyProvisioner, Stubber, list[float]]:
    """Return an adapter whose answers are scripted, and its pauses."""
    kms = boto3.client("kms", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    pauses: list[float] = []
    return provisioner(kms, pauses), Stubber(kms), pauses


def allowed(principal: str) -> set[str]:
    """Return what the policy allows a principal."""
    statements = [each for each in POLICY["Statement"] if each["Principal"] == {"AWS": principal}]
    return {action for each in statements for action in each["Action"]}


def test_account_manages_and_cannot_sign() -> None:
    """The account may do what an operator needs, and neither sign nor pass the right on by a grant."""
    root = allowed("arn:aws:iam::123456789012:root")
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:DisableKey"} <= root
    assert not root & {"kms:Sign", "kms:CreateGrant", "kms:*"}
    assert not any("*" in action for action in root)


@pytest.mark.parametrize("reader", ["AWSConfigServiceRolePolicy", "AWS_ConfigRole"])
def test_aws_config_may_read_each_key(reader: str) -> None:
    """The account may delegate each call on a key that AWS's own policies give to AWS Config."""
    document = json.loads(aws_managed_policies_data)[reader]["Document"]
    listed = [statement["Action"] for statement in document["Statement"]]
    named = {action for each in listed for action in ([each] if isinstance(each, str) else each)}
    reads = {action for action in named if action.startswith("kms:")} - {"kms:ListAliases", "kms:ListKeys"}
    assert reads
    assert reads <= allowed("arn:aws:iam::123456789012:root")


def test_issuer_signs_and_nothing_else() -> None:
    """The issuer's role may sign with the key, and that is all."""
    assert allowed(OWNERS.issuer_role) == {"kms:Sign"}


def test_rotator_may_do_what_its_adapter_calls() -> None:
    """The rotator's role may do exactly what this adapter calls after the creation."""
    assert allowed(OWNERS.rotator_role) == {
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:GetKeyPolicy",
        "kms:GetPublicKey",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:Sign",
    }


def test_nobody_else_is_in_the_policy() -> None:
    """Three statements, each with one principal, allow; nothing denies."""
    assert [each["Effect"] for each in POLICY["Statement"]] == ["Allow"] * 3
    assert len({each["Sid"] for each in POLICY["Statement"]}) == 3


def test_other_partitions_have_their_own_account_root() -> None:
    """In China the account's root is of the same partition as its roles."""
    policy = key_policy("arn:aws-cn:iam::123456789012:role/i", "arn:aws-cn:iam::123456789012:role/r")
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws-cn:iam::123456789012:root"}


@pytest.mark.parametrize("arn", ["", "issuer", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::1:role/x"])
def test_role_that_is_none_is_refused(arn: str) -> None:
    """An ARN that is not a role's is refused."""
    with pytest.raises(ValueError, match="role's ARN"):
        key_policy("arn:aws:iam::123456789012:role/i", arn)


@pytest.mark.parametrize(
    ("stored", "same"),
    [
        (json.dumps(POLICY, indent=4, sort_keys=True), True),
        (json.dumps(POLICY | {"Statement": POLICY["Statement"][::-1]}), True),
        (json.dumps(POLICY).replace('["kms:Sign"]', '"kms:Sign"'), True),
        (json.dumps(POLICY).replace("kms:Sign", "kms:*"), False),
        (json.dumps(POLICY).replace(OWNERS.issuer_role, "AROAEXAMPLEID"), False),
        (json.dumps(POLICY | {"Statement": POLICY["Statement"][:2]}), False),
        (json.dumps(POLICY | {"Statement": [*POLICY["Statement"], {"Effect": "Allow"}]}), False),
        ("no json", False),
        ("", False),
    ],
)
def test_policy_is_compared_by_meaning(stored: str, same: bool) -> None:
    """Order, spacing and lists of one do not count; a principal, an action or a statement does."""
    assert same_policy(stored, POLICY) is same


@pytest.mark.parametrize(
    ("algorithm", "size", "spec"),
    [
        ("RS256", 2048, "RSA_2048"),
        ("RS256", 3072, "RSA_3072"),
        ("PS256", 3072, "RSA_3072"),
        ("ES256", 3072, "ECC_NIST_P256"),
        ("Ed25519", 2048, "ECC_NIST_EDWARDS25519"),
    ],
)
def test_key_is_born_with_policy_and_tags(algorithm: str, size: int, spec: str) -> None:
    """CreateKey carries the spec, the use, the policy and exactly two tags; nothing is changed afterwards."""
    adapter, stub, _ = stubbed()
    expected = {
        "KeySpec": spec,
        "KeyUsage": "SIGN_VERIFY",
        "Description": ANY,
        "Policy": json.dumps(POLICY),
        "Tags": [
            {"TagKey": "keyturn:stack", "TagValue": "keyturn-test"},
            {"TagKey": "keyturn:nonce", "TagValue": "n1"},
        ],
    }
    stub.add_response("create_key", {"KeyMetadata": {"KeyId": "1", "Arn": ARN}}, expected)
    with stub:
        assert adapter.create_key(algorithm, "n1", rsa_key_size=size) == ARN
    stub.assert_no_pending_responses()


def test_role_that_is_not_visible_yet_is_waited_for() -> None:
    """A policy that names a role of this very deployment is tried again, with growing pauses."""
    adapter, stub, pauses = stubbed()
    stub.add_client_error("create_key", "MalformedPolicyDocumentException")
    stub.add_client_error("create_key", "MalformedPolicyDocumentException")
    stub.add_response("create_key", {"KeyMetadata": {"KeyId": "1", "Arn": ARN}})
    with stub:
        assert adapter.create_key("ES256", "n") == ARN
    assert pauses == [1.0, 2.0]


def test_waiting_for_a_role_ends() -> None:
    """A policy that stays malformed is a refusal after five attempts: no key was created."""
    adapter, stub, pauses = stubbed()
    for _ in range(5):
        stub.add_client_error("create_key", "MalformedPolicyDocumentException")
    with stub, pytest.raises(AccessDenied, match="MalformedPolicyDocumentException"):
        adapter.create_key("ES256", "n")
    assert len(pauses) == 4


def test_other_refusals_of_a_creation_are_not_repeated() -> None:
    """A creation that KMS refuses for another reason is asked for once."""
    adapter, stub, pauses = stubbed()
    stub.add_client_error("create_key", "AccessDeniedException")
    with stub, pytest.raises(AccessDenied):
        adapter.create_key("ES256", "n")
    assert pauses == []


def test_public_key_of_a_new_key_is_waited_for() -> None:
    """KMS may not know a key yet that it has just made."""
    adapter, stub, pauses = stubbed()
    stub.add_client_error("get_public_key", "NotFoundException")
    stub.add_response("get_public_key", {"PublicKey": b"spki"})
    with stub:
        assert adapter.public_key(ARN) == b"spki"
    assert pauses == [1.0]


def test_changed_policy_is_put_right() -> None:
    """A key with another policy gets the expected one, once."""
    with moto_kms() as kms:
        adapter = provisioner(kms)
        arn = adapter.create_key("ES256", "n")
        kms.put_key_policy(KeyId=arn, PolicyName="default", Policy='{"Statement": []}')
        assert adapter.repair_policy(arn) is True
        assert json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]) == POLICY
        assert adapter.repair_policy(arn) is False


def test_keys_of_other_stacks_are_not_found() -> None:
    """A nonce is looked up among this stack's keys only: what is found may be destroyed."""
    with moto_kms() as kms:
        provisioner(kms, owners=OWNERS._replace(stack="another")).create_key("ES256", "n")
        assert provisioner(kms).find_by_nonce("n", since=0) == ()


def test_only_signing_keys_that_the_rotator_may_describe_are_found() -> None:
    """A tagged pepper, and a tagged key that refuses the rotator, are left out without an error."""
    with moto_kms() as kms:
        adapter = provisioner(kms)
        arn = adapter.create_key("ES256", "n")
        tags: Any = [
            {"TagKey": "keyturn:stack", "TagValue": OWNERS.stack},
            {"TagKey": "keyturn:nonce", "TagValue": "n"},
        ]
        kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC", Tags=tags)
        assert adapter.find_by_nonce("n", since=0) == (arn,)
        denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeKey")
        with mock.patch.object(kms, "describe_key", side_effect=denied):
            assert adapter.find_by_nonce("n", since=0) == ()


STATES: list[tuple[str | None, bool]] = [
    ("PendingDeletion", True),
    ("PendingReplicaDeletion", True),
    (None, True),
    ("Enabled", False),
    ("Updating", False),
    ("Unavailable", False),
]


@pytest.mark.parametrize(("state", "is_gone"), STATES)
@pytest.mark.parametrize("operation", ["disable_key", "schedule_key_deletion"])
def test_invalid_state_is_done_only_if_the_key_is_on_its_way_out(
    operation: str, state: str | None, is_gone: bool
) -> None:
    """KMS's "invalid state" counts as done for a key that nobody can use; any other stays due work."""
    adapter, stub, _ = stubbed()
    stub.add_client_error(operation, "KMSInvalidStateException")
    if state is None:
        stub.add_client_error("describe_key", "NotFoundException")
    else:
        stub.add_response("describe_key", {"KeyMetadata": {"KeyId": "1", "KeyState": state}}, {"KeyId": ARN})

    def call() -> Any:
        return adapter.disable(ARN) if operation == "disable_key" else adapter.schedule_deletion(ARN, 7)

    with stub:
        if is_gone:
            call()
        else:
            with pytest.raises(KeyUnusable):
                call()


@pytest.mark.parametrize("operation", ["disable_key", "schedule_key_deletion"])
def test_denied_retirement_is_a_fault(operation: str) -> None:
    """A refusal to disable or delete a key is an error."""
    adapter, stub, _ = stubbed()
    stub.add_client_error(operation, "AccessDeniedException")
    with stub, pytest.raises(AccessDenied):
        _ = adapter.disable(ARN) if operation == "disable_key" else adapter.schedule_deletion(ARN, 7)  # type: ignore[func-returns-value]
