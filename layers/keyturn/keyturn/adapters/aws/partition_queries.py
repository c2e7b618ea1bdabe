"""Queries of all items of one partition in DynamoDB, to the last page."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.table_reads import TableReads


class PartitionQueries(TableReads):
    """A table whose partitions have several items, for an adapter that reads them all."""

    def _query(self, partition: str, what: str, *, prefix: str = "", **projection: str) -> list[Any]:
        """Return the items, as attribute values, whose sort keys begin with the prefix; strongly consistent."""
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if prefix:  # DynamoDB refuses an empty one
            condition += " AND begins_with(sk, :prefix)"
            values[":prefix"] = {"S": prefix}
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            **projection,
        }
        items: list[Any] = []
        with aws_errors(f"DynamoDB Query of {what}"):
            while True:
                page = self._dynamodb.query(**query)
                items += page["Items"]
                if not page.get("LastEvaluatedKey"):
                    return items
                query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _sort_keys(self, partition: str, what: str, *, prefix: str = "") -> list[str]:
        """Return the sort keys that begin with the prefix; strongly consistent."""
        return [item["sk"]["S"] for item in self._query(partition, what, prefix=prefix, ProjectionExpression="sk")]
