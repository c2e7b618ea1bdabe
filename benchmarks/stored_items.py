"""Prepared items that answer DynamoDB's reads, and a private key that answers kms:Sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.clients.client_item import client_to_item
from keyturn.adapters.clients.resource_server_item import resource_server_to_item
from keyturn.domain.clients.resource_server import ResourceServer
from tests.fakes.issuer_harness import make_client
from tests.fakes.token_factory import AUDIENCE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

Item = Mapping[str, Any]
Tables = Mapping[str, Sequence[Item]]
_EXPIRY = 4_000_000_000


class StoredItems:
    """Answers GetItem and BatchGetItem from its tables; a Query finds nothing."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def answer(self, operation: str, body: bytes) -> bytes:
        """Return the body of a response; raises KeyError for a table that it lacks."""
        request = json.loads(body)
        if operation == "Query":
            return b'{"Items":[],"Count":0,"ScannedCount":0}'
        if operation == "GetItem":
            found = self._find(request["TableName"], request["Key"])
            return json.dumps({"Item": found[0]} if found else {}).encode()
        [(table, wanted)] = request["RequestItems"].items()
        found = [item for key in wanted["Keys"] for item in self._find(table, key)]
        return json.dumps({"Responses": {table: found}, "UnprocessedKeys": {}}).encode()

    def _find(self, table: str, key: Item) -> list[Item]:
        return [item for item in self._tables[table] if all(item.get(name) == value for name, value in key.items())]


def authorizer_tables(ring: Item, revoked: Sequence[str]) -> Tables:
    """Return the tables that an authorizer reads: a key ring, and the targets of the first revoked tokens."""
    return {
        "rings": [ring],
        "revocations": [
            encode_item({"pk": f"jti#{jti}", "sk": "target", "v": 1, "expires_at": _EXPIRY}) for jti in revoked[:10]
        ],
    }


def issuer_tables(ring: Item) -> Tables:
    """Return the tables that the issuer reads for the token of a client that is registered for one audience."""
    server = ResourceServer(audience=AUDIENCE, name="An API", scopes=frozenset({"orders:read", "orders:write"}))
    clients = [encode_item(_stored(item)) for item in (client_to_item(make_client()), resource_server_to_item(server))]
    return {"rings": [ring], "revocations": [], "clients": clients}


def _stored(item: dict[str, Any]) -> dict[str, Any]:
    """Return the item without empty sets, which DynamoDB cannot store."""
    return {name: value for name, value in item.items() if value != frozenset()}


def signed(key: PrivateKeyTypes, body: bytes) -> bytes:
    """Return the body of KMS's response to a Sign of a raw message by ECDSA_SHA_256."""
    request = json.loads(body)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert request["MessageType"] == "RAW"
    signature = key.sign(base64.b64decode(request["Message"]), ec.ECDSA(hashes.SHA256()))
    return json.dumps(
        {
            "KeyId": request["KeyId"],
            "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": request["SigningAlgorithm"],
        }
    ).encode()
