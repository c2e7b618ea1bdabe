"""Registered clients in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keyturn.adapters.attribute_values import decode_item, encode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.client_item import CLIENT_PREFIX, client_from_item, client_key, client_to_item
from keyturn.domain.client import Client
from keyturn.domain.errors import AlreadyExists, VersionConflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB refuses a partition key of more than 2,048 bytes as a mistake of ours; no client has an id that long.
_MAX_ID_BYTES = 1024


class DynamoDbClients:
    """A ClientReader: all that the issuer may do."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        """Take boto3's low-level client and the table's name."""
        self._dynamodb = dynamodb
        self._table = table

    def get(self, client_id: str) -> Client | None:
        """Return the client, or None; strongly consistent, so that a client that was removed is gone at once."""
        if len(client_id.encode("utf-8", "surrogatepass")) > _MAX_ID_BYTES:
            return None
        with aws_errors("DynamoDB GetItem of a client"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=client_key(client_id), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else client_from_item(decode_item(item))


class DynamoDbClientRegistry(DynamoDbClients):
    """A ClientRegistry: the operator's side."""

    def add(self, client: Client) -> None:
        """Store a new client; raises AlreadyExists, and changes nothing then."""
        item = encode_item(client_to_item(client))
        with aws_errors("DynamoDB PutItem of a client"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                raise AlreadyExists(f"the client {client.client_id} exists already") from None

    def update(self, client: Client) -> Client:
        """Store the client as the next revision of the stored one, and return it; raises VersionConflict.

        The revision of `client` is the one that it was read with: two operators who change it at once do not lose each
        other's change. A client that was removed meanwhile is a conflict too.
        """
        changed = replace(client, revision=client.revision + 1)
        with aws_errors("DynamoDB PutItem of a client"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=encode_item(client_to_item(changed)),
                    ConditionExpression="attribute_exists(pk) AND "
                    + (
                        "revision = :read"
                        if client.revision
                        else "(attribute_not_exists(revision) OR revision = :read)"
                    ),
                    ExpressionAttributeValues={":read": {"N": str(client.revision)}},
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                raise VersionConflict(
                    f"the client {client.client_id} was changed by somebody else: try again"
                ) from None
        return changed

    def remove(self, client_id: str) -> bool:
        """Remove the registration; return whether there was one. Tokens in hand go on until they are revoked."""
        with aws_errors("DynamoDB DeleteItem of a client"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key=client_key(client_id), ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer

    def list(self) -> tuple[Client, ...]:
        """Return all clients, by id."""
        items: list[Any] = []
        with aws_errors("DynamoDB Scan of the clients"):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                items += page["Items"]
        found = [decode_item(item) for item in items]
        clients = [client_from_item(item) for item in found if item["pk"].startswith(CLIENT_PREFIX)]
        return tuple(sorted(clients, key=lambda client: client.client_id))
