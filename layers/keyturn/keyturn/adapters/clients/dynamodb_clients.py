"""Registered clients in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.clients.client_item import CLIENT_PREFIX, client_from_item, client_key, client_to_item
from keyturn.adapters.clients.dynamodb_registrations import DynamoDbRegistrations
from keyturn.domain.clients.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB refuses a partition key of more than 2,048 bytes as an invalid call; client ids are shorter.
_MAX_ID_BYTES = 1024


class DynamoDbClients(TableReads):
    """Reads registered clients, for issuer and login."""

    def get(self, client_id: str) -> Client | None:
        """Return the client, or None; strongly consistent, so that a removed client is refused at once."""
        if len(client_id.encode("utf-8", "surrogatepass")) > _MAX_ID_BYTES:
            return None
        item = self._item(client_key(client_id), "a client")
        return None if item is None else client_from_item(item)


class DynamoDbClientRegistry(DynamoDbClients):
    """Adds, changes, removes and lists clients, for the operator."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        super().__init__(dynamodb, table)
        self._registrations = DynamoDbRegistrations(dynamodb, table, "client", CLIENT_PREFIX)

    def add(self, client: Client) -> None:
        """Store a new client; raises AlreadyExists, and changes nothing then."""
        self._registrations.add(client_to_item(client))

    def update(self, client: Client) -> Client:
        """Store the next revision of the client that was read, and return it; raises VersionConflict, ItemNewer."""
        changed = replace(client, revision=client.revision + 1)
        self._registrations.replace(client_to_item(changed))
        return changed

    def remove(self, client_id: str) -> bool:
        """Remove the registration; return whether there was one. Its tokens stay valid until they are revoked."""
        return self._registrations.remove(client_id)

    def list(self) -> tuple[Client, ...]:
        """Return all clients, by id."""
        return tuple(map(client_from_item, self._registrations.list()))
