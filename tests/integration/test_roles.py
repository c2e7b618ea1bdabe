"""Rights of each function's role, tried with its credentials against the emulator's IAM and the keys' policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fakes.tables import TABLES
from tests.integration.aws import aws

if TYPE_CHECKING:
    from local.stack_file import StackFile

ITEM = {"pk": {"S": "test"}, "sk": {"S": "test"}}
# The keys of a table that has no sort key.
SIMPLE = {"KeyRingTable", "ClientTable", "GrantTable", "AuthorityTable", "InteractionTable"}
# The actions that each role may take on each table; on a table that is absent, none.
ALLOWED = {
    "TokenIssuerRole": {
        "KeyRingTable": "BatchGetItem",
        "RevocationTable": "BatchGetItem PutItem UpdateItem",
        "ClientTable": "GetItem",
        "GrantTable": "GetItem PutItem UpdateItem",
        "UserTable": "GetItem",
        "AuthorityTable": "GetItem",
        "SessionTable": "GetItem UpdateItem",
        "InteractionTable": "GetItem PutItem UpdateItem",
    },
    "LoginRole": {
        "KeyRingTable": "BatchGetItem",
        "RevocationTable": "BatchGetItem PutItem UpdateItem",
        "ClientTable": "GetItem",
        "UserTable": "ConditionCheckItem DeleteItem GetItem PutItem Query",
        "AuthorityTable": "ConditionCheckItem GetItem",
        "CredentialTable": "ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem",
        "SessionTable": "BatchGetItem DeleteItem GetItem PutItem Query UpdateItem",
        "InteractionTable": "GetItem UpdateItem",
    },
    "AuthorizerRole": {"KeyRingTable": "BatchGetItem", "RevocationTable": "BatchGetItem GetItem Query"},
    "KeyRotatorRole": {"KeyRingTable": "GetItem PutItem UpdateItem", "RevocationTable": "UpdateItem"},
}
DENIED = {"AccessDenied", "AccessDeniedException"}


def attempts_on_keys(stack: StackFile) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return what is tried: service, call and arguments."""
    [ring] = aws(stack, "dynamodb").scan(TableName=stack.outputs["KeyRingTableName"])["Items"]
    [active] = [key["M"]["arn"]["S"] for key in ring["keys"]["L"] if key["M"]["state"]["S"] == "ACTIVE"]
    pepper = {"KeyId": stack.outputs["PepperKeyArn"], "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}
    signing = {"KeyId": active, "Message": b"x", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    kind = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}
    nonce = {"TagKey": "keyturn:nonce", "TagValue": "test"}
    tags = [{"TagKey": "keyturn:stack", "TagValue": stack.stack_name}, nonce]
    foreign = [{"TagKey": "keyturn:stack", "TagValue": "another"}, nonce]
    return {
        "sign": ("kms", "sign", signing),
        "read the key's policy": ("kms", "get_key_policy", {"KeyId": active, "PolicyName": "default"}),
        "create a key": ("kms", "create_key", kind | {"Tags": tags}),
        "create a key without tags": ("kms", "create_key", kind),
        "create a key for another stack": ("kms", "create_key", kind | {"Tags": foreign}),
        "use the pepper": ("kms", "generate_mac", pepper),
        "delete the pepper": ("kms", "schedule_key_deletion", {"KeyId": pepper["KeyId"]}),
    }


def attempts_on(stack: StackFile, table: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return a call for each action on a table; none of them leaves more than one item."""
    name = stack.outputs[f"{table}Name"]
    key = {"pk": ITEM["pk"]} if table in SIMPLE else ITEM
    on_one, absent = {"TableName": name, "Key": key}, "attribute_not_exists(pk)"
    check = {"ConditionCheck": on_one | {"ConditionExpression": absent}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": ITEM["pk"]}}
    return {
        "ConditionCheckItem": ("dynamodb", "transact_write_items", {"TransactItems": [check]}),
        "GetItem": ("dynamodb", "get_item", on_one),
        "BatchGetItem": ("dynamodb", "batch_get_item", {"RequestItems": {name: {"Keys": [key]}}}),
        "Query": ("dynamodb", "query", {"TableName": name} | query),
        "Scan": ("dynamodb", "scan", {"TableName": name}),
        "PutItem": ("dynamodb", "put_item", {"TableName": name, "Item": key}),
        "UpdateItem": ("dynamodb", "update_item", on_one),
        "DeleteItem": ("dynamodb", "delete_item", on_one),
    }


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_may_do_to_the_tables_what_the_design_says(stack: StackFile, role: str) -> None:
    """Each action on each table is allowed to the roles that need it, and denied to every other."""
    clients, root = clients_of(stack, role), aws(stack, "dynamodb")
    done: dict[str, str] = {}
    for table in TABLES.values():
        calls = attempts_on(stack, table)
        allowed = set()
        for action, attempt in calls.items():
            root.delete_item(**calls["DeleteItem"][2])
            if is_allowed(clients, attempt):
                allowed.add(action)
        root.delete_item(**calls["DeleteItem"][2])
        if allowed:
            done[table] = " ".join(sorted(allowed))
    assert done == ALLOWED[role]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("TokenIssuerRole", {"sign"}),
        ("LoginRole", {"use the pepper"}),
        ("AuthorizerRole", set()),
        ("KeyRotatorRole", {"sign", "read the key's policy", "create a key"}),
    ],
)
def test_a_role_may_do_with_keys_what_its_function_is_for(stack: StackFile, role: str, allowed: set[str]) -> None:
    """The issuer signs, the login makes MACs, the rotator holds the signing keys; each is denied the others' calls."""
    clients = clients_of(stack, role)
    done = {name for name, attempt in attempts_on_keys(stack).items() if is_allowed(clients, attempt)}
    assert done == allowed


def clients_of(stack: StackFile, role: str) -> dict[str, Any]:
    """Return a client of each service, with the credentials of one of the stack's roles."""
    resource = aws(stack, "cloudformation").describe_stack_resource(StackName=stack.stack_name, LogicalResourceId=role)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    arn = aws(stack, "iam").get_role(RoleName=name)["Role"]["Arn"]
    credentials = aws(stack, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=stack.emulator["region"],
    )
    endpoint = stack.emulator["endpoint_url"]
    return {
        "dynamodb": session.client("dynamodb", endpoint_url=endpoint),
        "kms": session.client("kms", endpoint_url=endpoint),
    }


def is_allowed(clients: dict[str, Any], attempt: tuple[str, str, dict[str, Any]]) -> bool:
    """Return whether a call is let through; raises each error that is no denial."""
    service, call, arguments = attempt
    try:
        getattr(clients[service], call)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return False
    return True
