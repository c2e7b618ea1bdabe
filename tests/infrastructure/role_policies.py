"""The decisions of IAM by the policies of the template's roles; the evaluation is that of the emulator."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document  # type: ignore[import-untyped]

from tests.infrastructure.native_template import NativeTemplate

ACCOUNT, REGION, STACK = "111122223333", "eu-central-1", "keyturn"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": STACK}
_PARAMETERS = {"AccessRulesParameter": "/rules"}
_PLACE = f"{REGION}:{ACCOUNT}"
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_PLACE}:table/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_PLACE}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_PLACE}:log-group:{{}}:*",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_PLACE}:{{}}",
}
_WORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT"})
_BY_KEY = ("GetItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def table_arn(logical_id: str) -> str:
    """Return the ARN of a table, which has its logical id as its name."""
    return _ARNS["AWS::DynamoDB::Table"].format(logical_id)


class RolePolicies:
    """The inline policies of all roles of a native template."""

    def __init__(self, template: NativeTemplate) -> None:
        self.roles = tuple(template.of_type("AWS::IAM::Role"))
        self._policies = {role: parse_policy_document(document) for role, document in documents(template).items()}

    def allow(self, role: str, action: str, resource: str, keys: dict[str, Any]) -> bool:
        """Return whether the role may call the action on the resource; `keys` are the condition keys of the request."""
        context = EvalContext(
            principal_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            service_context={name.lower(): value for name, value in keys.items()},
        )
        decision: str = evaluate(context, [self._policies[role]]).decision
        return decision == "Allow"

    def allow_item(
        self, role: str, action: str, table: str, *partition_keys: str, attributes: Sequence[str] = ()
    ) -> bool:
        """Return whether the role may call DynamoDB's action on items with these partition keys.

        `attributes` are those that the request names; IAM has no such key for a request without them.
        """
        keys = {"dynamodb:LeadingKeys": list(partition_keys)}
        if attributes:
            keys["dynamodb:Attributes"] = list(attributes)
        return self.allow(role, f"dynamodb:{action}", table_arn(table), keys)


def items_of(operation: str, parameters: dict[str, Any]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Yield action, table, partition keys and updated attributes of each part of a call of DynamoDB, as IAM sees it."""
    if operation == "TransactWriteItems":
        for each in parameters["TransactItems"]:
            [(kind, item)] = each.items()
            yield from items_of(_IN_TRANSACTIONS[kind], item)
    elif operation == "BatchGetItem":
        for table, asked in parameters["RequestItems"].items():
            yield operation, table, [key["pk"]["S"] for key in asked["Keys"]], []
    elif operation == "Query":
        yield operation, parameters["TableName"], [parameters["ExpressionAttributeValues"][":pk"]["S"]], []
    else:
        item = parameters["Key" if operation in _BY_KEY else "Item"]
        attributes = attributes_of(parameters) if operation == "UpdateItem" else []
        yield operation, parameters["TableName"], [item["pk"]["S"]], attributes


def attributes_of(update: dict[str, Any]) -> list[str]:
    """Return the attributes that an UpdateItem names, in its key or in an expression."""
    expressions = f"{update['UpdateExpression']} {update.get('ConditionExpression', '')}"
    names = update.get("ExpressionAttributeNames", {})
    found = {names.get(word, word) for word in re.findall(r"(?<![:\w#])#?\w+\b(?!\()", expressions)}
    return sorted((found - _WORDS) | update["Key"].keys())


def documents(template: NativeTemplate) -> dict[str, dict[str, Any]]:
    """Return the policy of each role with the functions of CloudFormation resolved."""
    return {
        role: {"Version": "2012-10-17", "Statement": _resolved(template.statements(role), template)}
        for role in template.of_type("AWS::IAM::Role")
    }


def _resolved(value: Any, template: NativeTemplate) -> Any:
    if isinstance(value, list):
        return [_resolved(each, template) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return _PSEUDO.get(value["Ref"], value["Ref"])
    if value.keys() == {"Fn::GetAtt"}:
        logical_id = value["Fn::GetAtt"][0]
        return _ARNS[template.resources[logical_id]["Type"]].format(logical_id)
    if value.keys() == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, replacement in (_PSEUDO | _PARAMETERS).items():
            text = text.replace(f"${{{name}}}", replacement)
        return text
    return {name: _resolved(each, template) for name, each in value.items()}


def write_documents(transformed: Path, folder: Path) -> None:
    """Write the policy of each role of a transformed template into the folder, for a linter."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, document in documents(NativeTemplate(json.loads(transformed.read_text()))).items():
        (folder / f"{role}.json").write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]), Path(sys.argv[2]))
