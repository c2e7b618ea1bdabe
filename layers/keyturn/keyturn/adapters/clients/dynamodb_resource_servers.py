"""Registered resource servers in DynamoDB, in the table of the clients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.clients.dynamodb_registrations import DynamoDbRegistrations
from keyturn.adapters.clients.resource_server_item import (
    RESOURCE_SERVER_PREFIX,
    resource_server_from_item,
    resource_server_key,
    resource_server_to_item,
)
from keyturn.domain.clients.resource_server import ResourceServer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbResourceServers:
    """A ResourceServerReader: the issuer's side."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
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

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        super().__init__(dynamodb, table)
        self._registrations = DynamoDbRegistrations(dynamodb, table, "resource server", RESOURCE_SERVER_PREFIX)

    def add(self, server: ResourceServer) -> None:
        """Store a new resource server; raises AlreadyExists, and changes nothing then."""
        self._registrations.add(resource_server_to_item(server))

    def update(self, server: ResourceServer) -> ResourceServer:
        """Store the next revision of the resource server that was read; raises VersionConflict, ItemNewer."""
        changed = replace(server, revision=server.revision + 1)
        self._registrations.replace(resource_server_to_item(changed))
        return changed

    def remove(self, audience: str) -> bool:
        """Remove the registration; return whether there was one."""
        return self._registrations.remove(audience)

    def list(self) -> tuple[ResourceServer, ...]:
        """Return all resource servers, by audience."""
        return tuple(map(resource_server_from_item, self._registrations.list()))
