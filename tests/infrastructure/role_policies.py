"""The decisions of IAM by the policies of the template's roles; the evaluation is that of the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document  # type: ignore[import-untyped]

from tests.infrastructure.native_template import NativeTemplate

ACCOUNT, REGION, STACK = "111122223333", "eu-central-1", "keyturn"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": STACK}
_BY_KEY = ("GetItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def table_arn(logical_id: str) -> str:
    """Return the ARN of a table, which has its logical id as its name."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{logical_id}"


class RolePolicies:
    """The inline policies of all roles of a native template."""

    def __init__(self, template: NativeTemplate) -> None:
        self.roles = tuple(template.of_type("AWS::IAM::Role"))
        self._policies = {
            role: parse_policy_document({"Statement": _resolved(template.statements(role))}) for role in self.roles
        }

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

    def allow_item(self, role: str, action: str, table: str, *partition_keys: str) -> bool:
        """Return whether the role may call DynamoDB's action on items with these partition keys."""
        keys = {"dynamodb:LeadingKeys": list(partition_keys)}
        return self.allow(role, f"dynamodb:{action}", table_arn(table), keys)


def items_of(operation: str, parameters: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield action, table and partition keys of each part of a call of DynamoDB, as IAM sees it."""
    if operation == "TransactWriteItems":
        for each in parameters["TransactItems"]:
            [(kind, item)] = each.items()
            yield from items_of(_IN_TRANSACTIONS[kind], item)
    elif operation == "BatchGetItem":
        for table, asked in parameters["RequestItems"].items():
            yield operation, table, [key["pk"]["S"] for key in asked["Keys"]]
    elif operation == "Query":
        yield operation, parameters["TableName"], [parameters["ExpressionAttributeValues"][":pk"]["S"]]
    else:
        item = parameters["Key" if operation in _BY_KEY else "Item"]
        yield operation, parameters["TableName"], [item["pk"]["S"]]


def _resolved(value: Any) -> Any:
    """Return a part of the template with the functions of CloudFormation resolved."""
    if isinstance(value, list):
        return [_resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return _PSEUDO.get(value["Ref"], value["Ref"])
    if value.keys() == {"Fn::GetAtt"}:
        return table_arn(value["Fn::GetAtt"][0])
    if value.keys() == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, replacement in _PSEUDO.items():
            text = text.replace(f"${{{name}}}", replacement)
        return text
    return {name: _resolved(each) for name, each in value.items()}
