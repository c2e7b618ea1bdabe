"""The operator's writes of clients and resource servers, each conditional on the revision that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.domain.errors import AlreadyExists, ItemNewer, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.adapters.aws.service_errors import AnswerError


class DynamoDbRegistrations:
    """The items of one kind, with plain Python values; `pk = <prefix><name>`, and `kind` names them in messages."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, kind: str, prefix: str) -> None:

        self._dynamodb = dynamodb
        self._table = table
        self._kind = kind
        self._prefix = prefix

    def add(self, item: dict[str, Any]) -> None:
        """Store a new item; raises AlreadyExists, and changes nothing then."""
        with aws_errors(f"DynamoDB PutItem of a {self._kind}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=encode_item(item),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                if not _is_ours(error, item):
                    raise AlreadyExists(f"{self._named(item)} exists already") from None

    def replace(self, item: dict[str, Any]) -> None:
        """Store the item in place of its previous revision; raises VersionConflict and ItemNewer.

        Two operators who change it at once do not lose each other's change; a removed item is a conflict too. An item
        that was stored without a revision has revision 0. An item of a newer release stays: this release writes items
        whole, and would lose their unknown fields.
        """
        read = item["revision"] - 1
        is_read = "revision = :read" if read else "(attribute_not_exists(revision) OR revision = :read)"
        with aws_errors(f"DynamoDB PutItem of a {self._kind}"):
            try:
                outlast_conflicts(
                    lambda: self._dynamodb.put_item(
                        TableName=self._table,
                        Item=encode_item(item),
                        ConditionExpression=f"v <= :v AND {is_read}",
                        ExpressionAttributeValues=encode_item({":v": item["v"], ":read": read}),
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                if _is_ours(error, item):
                    return
                if _stored(error).get("v", 0) > item["v"]:
                    raise ItemNewer(
                        f"{self._named(item)} was written by a newer release: change it with that one"
                    ) from None
                raise VersionConflict(f"{self._named(item)} was changed by somebody else: try again") from None

    def remove(self, name: str) -> bool:
        """Remove the item; return whether there was one, also if botocore repeated the call after a lost response."""
        with aws_errors(f"DynamoDB DeleteItem of a {self._kind}"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key={"pk": {"S": f"{self._prefix}{name}"}}, ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer or _was_sent_again(answer)

    def list(self) -> list[dict[str, Any]]:
        """Return all items of the kind, in the order of their names."""
        items: list[Any] = []
        with aws_errors(f"DynamoDB Scan of the {self._kind}s"):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                items += page["Items"]
        found = [decode_item(item) for item in items]
        return sorted((item for item in found if item["pk"].startswith(self._prefix)), key=lambda item: str(item["pk"]))

    def _named(self, item: dict[str, Any]) -> str:
        return f"the {self._kind} {item['pk'].removeprefix(self._prefix)}"


def _is_ours(error: AnswerError, item: dict[str, Any]) -> bool:
    """Return whether the stored item is our own write, which botocore sent again after a lost response.

    Otherwise an operator would get an error for a stored client, and could not see its secret.
    """
    return _was_sent_again(error.response) and _stored(error) == decode_item(encode_item(item))


def _was_sent_again(answer: Mapping[str, Any]) -> bool:
    attempts: int = answer["ResponseMetadata"].get("RetryAttempts", 0)
    return attempts > 0


def _stored(error: AnswerError) -> dict[str, Any]:
    stored: Any = error.response.get("Item", {})
    return decode_item(stored)
