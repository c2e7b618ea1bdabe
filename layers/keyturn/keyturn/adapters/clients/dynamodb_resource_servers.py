"""Registered resource servers in DynamoDB, in the table of the clients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.adapters.aws.table_reads import TableReads
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


class DynamoDbResourceServers(TableReads):
    """Reads registered resource servers, for the issuer."""

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None; `audience` is one that a client is registered for."""
        item = self._item(resource_server_key(audience), "a resource server")
        return None if item is None else resource_server_from_item(item)


class DynamoDbResourceServerRegistry(DynamoDbResourceServers):
    """Adds, changes, removes and lists resource servers, for the operator."""

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
