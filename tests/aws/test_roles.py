"""The roles, by IAM's own judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.names import ROLES, TABLES
from tests.aws.stack import aws
from tests.fakes.tables import TABLES as TABLE_NAMES

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

Decisions = dict[tuple[str, str], str]

# Calls that every role is tried with: some are another function's right, some belong to no role.
ASKED = {
    "rings": (
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ),
    "revocations": ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"),
    "clients": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
    "grants": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan"),
    "users": ("dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"),
    "authorities": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "credentials": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"),
    "sessions": ("dynamodb:PutItem", "dynamodb:Query", "dynamodb:DeleteItem"),
    "interactions": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
    "key": ("kms:Sign", "kms:GenerateMac", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:DisableKey"),
    "rotator": ("lambda:InvokeFunction", "lambda:UpdateFunctionCode"),
    "anything": ("kms:CreateKey", "tag:GetResources", "logs:CreateLogGroup", "sts:AssumeRole", "iam:PassRole"),
}
# Rights on a key are not among them: they are in the key's own policy.
ALLOWED = {
    "TokenIssuerRole": {
        ("dynamodb:BatchGetItem", "rings"),
        ("dynamodb:GetItem", "clients"),
        ("dynamodb:BatchGetItem", "revocations"),
        ("dynamodb:PutItem", "revocations"),
        ("dynamodb:GetItem", "grants"),
        ("dynamodb:PutItem", "grants"),
        ("dynamodb:UpdateItem", "grants"),
        ("dynamodb:GetItem", "authorities"),
        ("dynamodb:GetItem", "interactions"),
        ("dynamodb:PutItem", "interactions"),
    },
    "LoginRole": {
        ("dynamodb:BatchGetItem", "rings"),
        ("dynamodb:GetItem", "clients"),
        ("dynamodb:BatchGetItem", "revocations"),
        ("dynamodb:PutItem", "revocations"),
        ("dynamodb:PutItem", "users"),
        ("dynamodb:Query", "users"),
        ("dynamodb:GetItem", "authorities"),
        ("dynamodb:GetItem", "credentials"),
        ("dynamodb:PutItem", "credentials"),
        ("dynamodb:Query", "credentials"),
        ("dynamodb:PutItem", "sessions"),
        ("dynamodb:Query", "sessions"),
        ("dynamodb:DeleteItem", "sessions"),
        ("dynamodb:GetItem", "interactions"),
    },
    "AuthorizerRole": {("dynamodb:BatchGetItem", "rings"), ("dynamodb:BatchGetItem", "revocations")},
    "KeyRotatorRole": {
        ("dynamodb:GetItem", "rings"),
        ("dynamodb:PutItem", "rings"),
        ("dynamodb:UpdateItem", "rings"),
        ("tag:GetResources", "anything"),
    },
    "ScheduleRole": {("lambda:InvokeFunction", "rotator")},
}
CREATE, TAG, UPDATE, PUT = "kms:CreateKey", "kms:TagResource", "dynamodb:UpdateItem", "dynamodb:PutItem"


@pytest.fixture(scope="module")
def arns(resources: dict[str, str]) -> dict[str, str]:
    """Return the ARNs of what is asked about."""
    dynamodb = aws("dynamodb")
    found = {
        name: dynamodb.describe_table(TableName=resources[table])["Table"]["TableArn"]
        for name, table in TABLE_NAMES.items()
    }
    rotator = aws("lambda").get_function_configuration(FunctionName=resources["KeyRotatorFunction"])["FunctionArn"]
    prefix = rotator.replace(":lambda:", ":kms:").partition(":function:")[0]
    return found | {"rotator": rotator, "key": f"{prefix}:key/00000000-0000-0000-0000-000000000000", "anything": "*"}


def decide(role: str, actions: tuple[str, ...], resource: str, context: dict[str, list[str]]) -> dict[str, str]:
    """Return IAM's decision about each action of a role on one resource."""
    iam = aws("iam")
    answers = iam.simulate_principal_policy(
        PolicySourceArn=iam.get_role(RoleName=role)["Role"]["Arn"],
        ActionNames=list(actions),
        ResourceArns=[resource],
        ContextEntries=[
            {"ContextKeyName": name, "ContextKeyValues": values, "ContextKeyType": _type_of(name)}
            for name, values in context.items()
        ],
    )["EvaluationResults"]
    return {answer["EvalActionName"]: answer["EvalDecision"] for answer in answers}


def _type_of(name: str) -> str:
    return "stringList" if name in {"dynamodb:LeadingKeys", "aws:TagKeys"} else "string"


def test_a_role_may_do_what_its_function_is_for(
    resources: dict[str, str], arns: dict[str, str], observe: Observe
) -> None:
    """Each role is allowed what its function does, and denied what another one does, and what nobody does."""
    assert set(TABLE_NAMES.values()) == set(TABLES)
    allowed: dict[str, set[tuple[str, str]]] = {}
    for role in ROLES:
        decisions: Decisions = {
            (action, name): decision
            for name, actions in ASKED.items()
            for action, decision in decide(resources[role], actions, arns[name], {}).items()
        }
        allowed[role] = {asked for asked, decision in decisions.items() if decision == "allowed"}
    observe(**{role: [f"{action} {name}" for action, name in sorted(pairs)] for role, pairs in allowed.items()})
    assert allowed == ALLOWED


@pytest.mark.on_aws_alone("the emulator evaluates no condition on leading keys, or of kms")
def test_the_conditions_of_the_rotators_role_count(
    stack: StackFile, resources: dict[str, str], arns: dict[str, str], observe: Observe
) -> None:
    """The rotator's role writes the global copies alone, makes signing keys alone, and tags its own stack's."""
    own = {
        "aws:RequestTag/keyturn:stack": [stack.stack_name],
        "aws:RequestTag/keyturn:nonce": ["n"],
        "aws:TagKeys": ["keyturn:stack", "keyturn:nonce"],
    }
    rsa = {"kms:KeySpec": ["RSA_2048"], "kms:KeyUsage": ["SIGN_VERIFY"]}
    cases: dict[str, tuple[str, str, dict[str, Any], str]] = {
        "a copy of global": (UPDATE, "revocations", {"dynamodb:LeadingKeys": ["global#3"]}, "allowed"),
        "a token": (UPDATE, "revocations", {"dynamodb:LeadingKeys": ["jti#x"]}, "implicitDeny"),
        "both": (UPDATE, "revocations", {"dynamodb:LeadingKeys": ["global#3", "jti#x"]}, "implicitDeny"),
        "RSA": (CREATE, "anything", own | rsa, "allowed"),
        "EC": (CREATE, "anything", own | rsa | {"kms:KeySpec": ["ECC_NIST_P256"]}, "allowed"),
        "RSA without tags": (CREATE, "anything", rsa, "implicitDeny"),
        "RSA to encrypt with": (CREATE, "anything", own | rsa | {"kms:KeyUsage": ["ENCRYPT_DECRYPT"]}, "implicitDeny"),
        "HMAC": (
            CREATE,
            "anything",
            own | {"kms:KeySpec": ["HMAC_256"], "kms:KeyUsage": ["GENERATE_VERIFY_MAC"]},
            "implicitDeny",
        ),
        "own tags": (TAG, "key", own, "allowed"),
        "another stack's tag": (TAG, "key", own | {"aws:RequestTag/keyturn:stack": ["another"]}, "implicitDeny"),
        "another stack's key": (TAG, "key", own | {"aws:ResourceTag/keyturn:stack": ["another"]}, "implicitDeny"),
        "another tag": (TAG, "key", own | {"aws:TagKeys": ["keyturn:stack", "team"]}, "implicitDeny"),
    }
    seen = {
        case: decide(resources["KeyRotatorRole"], (action,), arns[resource], context)[action]
        for case, (action, resource, context, _) in cases.items()
    }
    observe(**{case.replace(" ", "_"): decision for case, decision in seen.items()})
    assert seen == {case: expected for case, (*_, expected) in cases.items()}


@pytest.mark.on_aws_alone("the emulator evaluates no condition on leading keys")
@pytest.mark.parametrize(
    ("role", "action", "table", "keys"),
    [
        ("LoginRole", UPDATE, "revocations", {"sid#x": True, "sub#u_x": True, "pair#u_x#web": False, "feed#1": False}),
        ("LoginRole", UPDATE, "revocations", {"client#web": False, "jti#x": False, "gid#x": False, "global#3": False}),
        ("LoginRole", PUT, "revocations", {"feed#1": True, "sid#x": False, "sub#u_x": False, "global#3": False}),
        ("TokenIssuerRole", UPDATE, "revocations", {"jti#x": True, "gid#x": True, "sub#u_x": False, "global#3": False}),
        (
            "TokenIssuerRole",
            PUT,
            "revocations",
            {"feed#1": True, "jti#x": False, "client#web": False, "global#3": False},
        ),
        ("TokenIssuerRole", "dynamodb:GetItem", "users", {"u#u_x": True, "id#email#a@b.example": False}),
        ("TokenIssuerRole", UPDATE, "sessions", {"s#x": True, "u#u_x": False}),
    ],
)
def test_the_conditions_of_login_and_issuer_count(
    resources: dict[str, str],
    arns: dict[str, str],
    observe: Observe,
    role: str,
    action: str,
    table: str,
    keys: dict[str, bool],
) -> None:
    """The login revokes what users may end, and the issuer reads profiles by subject and sessions by cookie alone."""
    seen = {
        key: decide(resources[role], (action,), arns[table], {"dynamodb:LeadingKeys": [key]})[action] for key in keys
    }
    observe(role=role, action=action, table=table, decisions=seen)
    assert seen == {key: "allowed" if allowed else "implicitDeny" for key, allowed in keys.items()}
