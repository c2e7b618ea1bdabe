"""Registered resource servers in DynamoDB, in the table of the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.attribute_values import decode_item, encode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.resource_server_item import (
    RESOURCE_SERVER_PREFIX,
    resource_server_from_item,
    resource_server_key,
    resource_server_to_item,
)
from keyturn.domain.resource_server import ResourceServer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbResourceServers:
    """A ResourceServerReader: all that the issuer may do."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        """Take boto3's low-level client and the table's name."""
        self._dynamodb = dynamodb
        self._table = table

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None; `audience` is one that a client is registered for."""
        with aws_errors("DynamoDB GetItem of a resource server"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=resource_server_key(audience), ConsistentRead=True
            )
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else resource_server_from_item(decode_item(item))


class DynamoDbResourceServerRegistry(DynamoDbResourceServers):
    """A ResourceServerRegistry: the operator's side."""

    def put(self, server: ResourceServer) -> None:
        """Store the resource server, in the place of what its audience had."""
        with aws_errors("DynamoDB PutItem of a resource server"):
            self._dynamodb.put_item(TableName=self._table, Item=encode_item(resource_server_to_item(server)))

    def remove(self, audience: str) -> bool:
        """Remove the registration; return whether there was one."""
        with aws_errors("DynamoDB DeleteItem of a resource server"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key=resource_server_key(audience), ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer

    def list(self) -> tuple[ResourceServer, ...]:
        """Return all resource servers, by audience."""
        items: list[Any] = []
        with aws_errors("DynamoDB Scan of the resource servers"):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                items += page["Items"]
        found = [decode_item(item) for item in items]
        servers = [resource_server_from_item(item) for item in found if item["pk"].startswith(RESOURCE_SERVER_PREFIX)]
        return tuple(sorted(servers, key=lambda server: server.audience))
