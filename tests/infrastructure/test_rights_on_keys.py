"""The rotator creates signing keys with the tags of its stack, and tags no key of another stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from tests.fakes.moto_kms import OWNERS, provisioner
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.role_policies import ACCOUNT, REGION, STACK, RolePolicies

ROTATOR = "KeyRotatorRole"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
SPEC = {"kms:KeyUsage": "SIGN_VERIFY", "kms:KeySpec": "RSA_2048"}


@pytest.fixture(scope="module")
def policies(template: NativeTemplate) -> RolePolicies:
    """Return the policies of the roles."""
    return RolePolicies(template)


def tags(**values: str | None) -> dict[str, Any]:
    """Return the condition keys of a request with a new key's tags, changed by `values`; None removes a tag."""
    given = {"keyturn:stack": STACK, "keyturn:nonce": "n1"} | {f"keyturn:{name}": text for name, text in values.items()}
    present = {name: text for name, text in given.items() if text is not None}
    return {f"aws:RequestTag/{name}": text for name, text in present.items()} | {"aws:TagKeys": list(present)}


@pytest.mark.parametrize("size", [2048, 3072])
@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_the_rotator_may_create_the_keys_that_it_creates(policies: RolePolicies, algorithm: str, size: int) -> None:
    """The request of the adapter, of each algorithm and size, passes IAM as CreateKey and as TagResource."""
    kms = boto3.client("kms", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    requests: list[Mapping[str, Any]] = []
    kms.meta.events.register("provide-client-params.kms.CreateKey", lambda params, **_: requests.append(params))
    expected = {"KeySpec": ANY, "KeyUsage": ANY, "Description": ANY, "Policy": ANY, "Tags": ANY}
    with Stubber(kms) as stub:
        stub.add_response("create_key", {"KeyMetadata": {"KeyId": "1", "Arn": KEY}}, expected)
        provisioner(kms, owners=OWNERS._replace(stack=STACK)).create_key(algorithm, "n1", rsa_key_size=size)
    [request] = requests
    given = {tag["TagKey"].removeprefix("keyturn:"): tag["TagValue"] for tag in request["Tags"]}
    spec = {"kms:KeyUsage": request["KeyUsage"], "kms:KeySpec": request["KeySpec"]}
    assert policies.allow(ROTATOR, "kms:CreateKey", "*", spec | tags(**given))
    assert policies.allow(ROTATOR, "kms:TagResource", KEY, tags(**given))


@pytest.mark.parametrize(
    "request_keys",
    [
        tags(),
        SPEC,
        {"kms:KeyUsage": "SIGN_VERIFY"} | tags(),
        {"kms:KeySpec": "RSA_2048"} | tags(),
        SPEC | {"kms:KeyUsage": "ENCRYPT_DECRYPT"} | tags(),
        SPEC | {"kms:KeySpec": "RSA_4096"} | tags(),
        SPEC | {"kms:KeySpec": "SYMMETRIC_DEFAULT"} | tags(),
        SPEC | tags(stack="another"),
        SPEC | tags(stack=None),
        SPEC | tags(nonce=None),
        SPEC | tags(owner="me"),
    ],
)
def test_no_other_key_is_created(policies: RolePolicies, request_keys: dict[str, Any]) -> None:
    """A key of another use or size, or without exactly the two tags of this stack, is refused."""
    assert policies.allow(ROTATOR, "kms:CreateKey", "*", SPEC | tags())
    assert not policies.allow(ROTATOR, "kms:CreateKey", "*", request_keys)


@pytest.mark.parametrize(
    ("request_tags", "tags_of_the_key"),
    [
        (tags(stack="another"), {}),
        (tags(stack=None), {}),
        (tags(nonce=None), {}),
        (tags(owner="me"), {}),
        (tags(), {"aws:ResourceTag/keyturn:stack": "another"}),
    ],
)
def test_no_key_of_another_stack_is_tagged(
    policies: RolePolicies, request_tags: dict[str, Any], tags_of_the_key: dict[str, str]
) -> None:
    """The rotator's tags are both of its stack, and a key that is another stack's stays that stack's."""
    assert not policies.allow(ROTATOR, "kms:TagResource", KEY, request_tags | tags_of_the_key)


@pytest.mark.parametrize("role", ["TokenIssuerRole", "LoginRole", "AuthorizerRole", "ScheduleRole"])
def test_no_other_role_creates_or_tags_a_key(policies: RolePolicies, role: str) -> None:
    """The rotator alone has rights on KMS in its role."""
    assert not policies.allow(role, "kms:CreateKey", "*", SPEC | tags())
    assert not policies.allow(role, "kms:TagResource", KEY, tags())
