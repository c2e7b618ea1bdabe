"""Each role allows the calls that its function's adapters make, and no other."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import chain
from typing import Any

import boto3
import pytest

from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.kms import Kms
from keyturn.adapters.keys.kms_key_policy import key_policy
from tests.infrastructure.native_template import NativeTemplate, actions

BOOTSTRAPS = {
    "AuthorizerFunction": "authorizer.bootstrap",
    "KeyRotatorFunction": "key_rotator.bootstrap",
    "LoginFunction": "login.bootstrap",
    "TokenIssuerFunction": "token_issuer.bootstrap token_issuer.user_bootstrap",
}
# They name what any function calls; a function's adapters name what it calls.
CLIENTS = (DynamoDb, Kms)
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
    """The issuer may sign alone; the rotator may do what its adapter does; the account may not sign."""
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


def test_the_pepper_is_for_what_the_login_calls_on_it(template: NativeTemplate) -> None:
    """The pepper's policy allows the login the calls of its adapter, and no other."""
    statements = {each["Sid"]: each for each in template.properties("PepperKey")["KeyPolicy"]["Statement"]}
    called = {action for action in _calls_of("login.bootstrap") if action.startswith("kms:")}
    assert actions(statements["TheLoginGeneratesMacs"]) == called == {"kms:GenerateMac"}


def test_the_key_of_refresh_tokens_is_for_what_the_issuer_calls_on_it(template: NativeTemplate) -> None:
    """R40: the issuer alone generates MACs for refresh tokens: neither the account nor another role can."""
    statements = template.properties("SuccessorKey")["KeyPolicy"]["Statement"]
    allowed = {each["Sid"]: actions(each) for each in statements}
    called = {action for action in _calls_of("token_issuer.bootstrap") if action.startswith("kms:")}
    assert allowed["TheIssuerGeneratesMacs"] == called - {"kms:Sign"} == {"kms:GenerateMac"}
    [issuer] = [each for each in statements if each["Sid"] == "TheIssuerGeneratesMacs"]
    assert issuer["Principal"] == {"AWS": {"Fn::GetAtt": ["TokenIssuerRole", "Arn"]}}
    account = allowed["TheAccountManagesAndCannotGenerateMacs"]
    assert not account & {"kms:GenerateMac", "kms:VerifyMac", "kms:CreateGrant", "kms:*"}


READ = {"GetItem"}
# The table "Data" of the design: who reads and writes which table of users, and under which partition keys.
TABLES_OF_USERS: dict[str, dict[str, tuple[set[str], list[str] | None]]] = {
    "LoginRole": {
        "UserTable": ({"ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"}, None),
        "AuthorityTable": ({"ConditionCheckItem", "GetItem"}, None),
        "CredentialTable": (
            {"ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"},
            None,
        ),
        "SessionTable": ({"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"}, None),
        "InteractionTable": ({"GetItem", "UpdateItem"}, None),
    },
    "TokenIssuerRole": {
        "UserTable": (READ, ["u#*"]),
        "AuthorityTable": (READ, None),
        "SessionTable": (READ | {"UpdateItem"}, ["s#*"]),
        "InteractionTable": (READ | {"PutItem", "UpdateItem"}, None),
    },
}


def test_each_table_of_users_is_for_whom_it_is_for(template: NativeTemplate) -> None:
    """Login and issuer may do to each table what the design says, and no other role reaches one."""
    tables = {name for name in template.of_type("AWS::DynamoDB::Table") if name in TABLES_OF_USERS["LoginRole"]}
    found: dict[str, dict[str, tuple[set[str], list[str] | None]]] = {}
    for role in template.of_type("AWS::IAM::Role"):
        for statement in template.statements(role):
            for table in _tables_of(statement) & tables:
                allowed = {action.removeprefix("dynamodb:") for action in actions(statement)}
                keys = _leading_keys(statement)
                before, keys_before = found.setdefault(role, {}).get(table, (set(), keys))
                assert keys == keys_before, statement["Sid"]
                found[role][table] = (before | allowed, keys)
    assert found == TABLES_OF_USERS


def test_a_statement_is_one_sentence_about_named_resources(template: NativeTemplate) -> None:
    """Each statement has a Sid, and a resource of `*` only where the action knows no resource."""
    for role in template.of_type("AWS::IAM::Role"):
        for statement in template.statements(role):
            assert statement["Sid"], role
            if statement["Resource"] == "*":
                assert actions(statement) <= {"kms:CreateKey", "tag:GetResources"}, statement["Sid"]


def _tables_of(statement: dict[str, Any]) -> set[str]:
    """Return the logical ids of the tables that a statement names."""
    return set(re.findall(r"'Fn::GetAtt': \['(\w+Table)', 'Arn'\]", str(statement["Resource"])))


def _leading_keys(statement: dict[str, Any]) -> list[str] | None:
    """Return the patterns of the partition keys that a statement is for, or None for all."""
    if "Condition" not in statement:
        return None
    keys: list[str] = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return keys


def _calls_of(bootstraps: str) -> Iterator[str]:
    """Yield the IAM action of each call in the adapter classes that the modules of a composition root import."""
    for value in chain.from_iterable(vars(importlib.import_module(name)).values() for name in bootstraps.split()):
        for base in inspect.getmro(value) if inspect.isclass(value) else ():
            if base.__module__.startswith("keyturn.adapters.") and base not in CLIENTS:
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
        # The readers without boto3 name the operation itself.
        yield from (f"{prefix}:{operation}" for operation in constants & set(operations.values()))


def _is_call_of_client(node: ast.AST) -> bool:
    """Return whether the node calls a method of a boto3 client: `self._client.method(…)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and isinstance(node.func.value.value, ast.Name)
        and node.func.value.value.id == "self"
    )
