"""What each function's role may do, tried with its credentials against the emulator's IAM and the keys' policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.aws import aws

if TYPE_CHECKING:
    from local.stack_file import StackFile

ITEM = {"pk": {"S": "test"}, "sk": {"S": "test"}}
DENIED = {"AccessDenied", "AccessDeniedException"}


def attempts(stack: StackFile) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return what is tried: service, call and arguments."""
    [ring] = aws(stack, "dynamodb").scan(TableName=stack.outputs["KeyRingTableName"])["Items"]
    [active] = [key["M"]["arn"]["S"] for key in ring["keys"]["L"] if key["M"]["state"]["S"] == "ACTIVE"]
    signing = {"KeyId": active, "Message": b"x", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    return {
        "sign": ("kms", "sign", signing),
        "read the key's policy": ("kms", "get_key_policy", {"KeyId": active, "PolicyName": "default"}),
        "create a key": ("kms", "create_key", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}),
        "write the ring": ("dynamodb", "put_item", {"TableName": stack.outputs["KeyRingTableName"], "Item": ITEM}),
        "write a revocation": (
            "dynamodb",
            "put_item",
            {"TableName": stack.outputs["RevocationTableName"], "Item": ITEM},
        ),
        "write a client": ("dynamodb", "put_item", {"TableName": stack.outputs["ClientTableName"], "Item": ITEM}),
        "list the clients": ("dynamodb", "scan", {"TableName": stack.outputs["ClientTableName"]}),
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("TokenIssuerRole", {"sign", "write a revocation"}),
        ("AuthorizerRole", set()),
        ("KeyRotatorRole", {"sign", "read the key's policy", "create a key", "write the ring"}),
    ],
)
def test_a_role_may_do_what_its_function_is_for(stack: StackFile, role: str, allowed: set[str]) -> None:
    """The issuer signs and revokes, the authorizer writes nothing, the rotator holds the keys; none does more."""
    session = session_of(stack, role)
    done = {name for name, attempt in attempts(stack).items() if is_allowed(stack, session, attempt)}
    aws(stack, "dynamodb").delete_item(TableName=stack.outputs["KeyRingTableName"], Key={"pk": ITEM["pk"]})
    assert done == allowed


def session_of(stack: StackFile, role: str) -> boto3.Session:
    """Return a session with the credentials of one of the stack's roles."""
    resource = aws(stack, "cloudformation").describe_stack_resource(StackName=stack.stack_name, LogicalResourceId=role)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    arn = aws(stack, "iam").get_role(RoleName=name)["Role"]["Arn"]
    credentials = aws(stack, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=stack.emulator["region"],
    )


def is_allowed(stack: StackFile, session: boto3.Session, attempt: tuple[str, str, dict[str, Any]]) -> bool:
    """Tell whether a call is let through; any other error than a denial is none of this test's."""
    service, call, arguments = attempt
    client: Any = session.client(  # type: ignore[call-overload]  # the service is one of two
        service, endpoint_url=stack.emulator["endpoint_url"]
    )
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return False
    return True
