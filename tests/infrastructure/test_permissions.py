"""Each role allows the calls that its function's adapters make, and no other."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator

import boto3
import pytest

from keyturn.adapters.kms_key_policy import key_policy
from tests.infrastructure.native_template import NativeTemplate, actions

BOOTSTRAPS = {
    "AuthorizerFunction": "authorizer.bootstrap",
    "KeyRotatorFunction": "key_rotator.bootstrap",
    "TokenIssuerFunction": "token_issuer.bootstrap",
}
# TransactWriteItems is allowed by the action of each item in it.
TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
PREFIXES = {"dynamodb": "dynamodb", "kms": "kms", "resourcegroupstaggingapi": "tag", "ssm": "ssm"}
# CreateKey with tags is a TagResource too; a key is created before it has a policy of its own.
TAGGING_AT_BIRTH = {"kms:CreateKey", "kms:TagResource"}


@pytest.mark.parametrize("function", BOOTSTRAPS)
def test_a_role_allows_the_calls_of_its_function_and_no_other(template: NativeTemplate, function: str) -> None:
    """IAM's actions, apart from logs, are the calls in the adapters that the composition root connects."""
    allowed = {
        action
        for statement in template.statements(template.role_of(function))
        for action in actions(statement)
        if not action.startswith("logs:")
    }
    called = set(_calls_of(BOOTSTRAPS[function]))
    if "kms:CreateKey" in called:
        called |= TAGGING_AT_BIRTH
    on_keys = {action for action in called if action.startswith("kms:")} - TAGGING_AT_BIRTH
    assert allowed == called - on_keys


def test_the_key_policy_allows_what_is_called_on_a_key() -> None:
    """The issuer may sign and nothing else; the rotator may do what its adapter does; the account may not sign."""
    issuer, rotator = "arn:aws:iam::111122223333:role/issuer", "arn:aws:iam::111122223333:role/rotator"
    allowed = {each["Principal"]["AWS"]: set(each["Action"]) for each in key_policy(issuer, rotator)["Statement"]}
    on_keys = {action for action in _calls_of("key_rotator.bootstrap") if action.startswith("kms:")} - TAGGING_AT_BIRTH
    assert allowed[issuer] == {"kms:Sign"}
    assert allowed[rotator] == on_keys
    assert not allowed["arn:aws:iam::111122223333:root"] & {"kms:Sign", "kms:CreateGrant", "kms:*"}


def test_no_role_signs_by_itself(template: NativeTemplate) -> None:
    """No role of the stack may sign: the right is in the key's policy, from its birth."""
    granted = {
        action
        for role in template.of_type("AWS::IAM::Role")
        for statement in template.statements(role)
        for action in actions(statement)
    }
    assert not granted & {"kms:Sign", "kms:*", "*", "kms:CreateGrant", "kms:PutKeyPolicy"}


def test_a_statement_is_one_sentence_about_named_resources(template: NativeTemplate) -> None:
    """Each statement has a Sid, and a resource of `*` only where the action knows no resource."""
    for role in template.of_type("AWS::IAM::Role"):
        for statement in template.statements(role):
            assert statement["Sid"], role
            if statement["Resource"] == "*":
                assert actions(statement) <= {"kms:CreateKey", "tag:GetResources"}, statement["Sid"]


def test_the_rotator_writes_nothing_but_copies_of_global_among_the_revocations(template: NativeTemplate) -> None:
    """The emulator evaluates no leading keys; on AWS they keep the rotator away from every other revocation."""
    [statement] = [
        each
        for each in template.statements("KeyRotatorRole")
        if each["Resource"] == {"Fn::GetAtt": ["RevocationTable", "Arn"]}
    ]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["global#*"]}}


def _calls_of(bootstrap: str) -> Iterator[str]:
    """Yield the IAM action of each call in the adapter classes that a composition root imports."""
    for value in vars(importlib.import_module(bootstrap)).values():
        for base in inspect.getmro(value) if inspect.isclass(value) else ():
            if base.__module__.startswith("keyturn.adapters."):
                yield from _calls_in(base)


def _calls_in(adapter: type) -> Iterator[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(adapter)))
    constants = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for service, prefix in PREFIXES.items():
        client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]  # one of the four
        operations: dict[str, str] = client.meta.method_to_api_mapping
        called = {node.func.attr for node in ast.walk(tree) if _is_call_of_client(node)}  # type: ignore[attr-defined]
        paginated = {name for name in constants & operations.keys() if "get_paginator" in ast.dump(tree)}
        for method in (called | paginated) & operations.keys():
            if operations[method] == "TransactWriteItems":
                yield from (f"{prefix}:{TRANSACTION[name]}" for name in constants & TRANSACTION.keys())
            else:
                yield f"{prefix}:{operations[method]}"
        # The lean readers name the operation itself.
        yield from (f"{prefix}:{operation}" for operation in constants & set(operations.values()))


def _is_call_of_client(node: ast.AST) -> bool:
    """Tell whether the node calls a method of a boto3 client: `self._client.method(…)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and isinstance(node.func.value.value, ast.Name)
        and node.func.value.value.id == "self"
    )
