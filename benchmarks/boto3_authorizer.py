"""PyJWT and boto3 doing what our authorizer does at its first request, and nothing else: the peer of a cold start.

One strongly consistent BatchGetItem reads the key ring, one the revocations of the token.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import jwt
from boto3.dynamodb.types import TypeDeserializer

dynamodb = boto3.client("dynamodb")
_deserialize = TypeDeserializer().deserialize


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the simple answer of an HTTP API."""
    token = event["headers"]["authorization"].removeprefix("Bearer ")
    keys = _published_keys()
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]].key,
        algorithms=["ES256", "RS256"],
        audience=os.environ["AUDIENCE"],
        issuer=os.environ["ISSUER"],
    )
    return {"isAuthorized": not _revocations(claims)}


def _published_keys() -> dict[str, jwt.PyJWK]:
    [ring] = _batch_get("KEY_RING_TABLE", [{"pk": {"S": "ring#default"}}])
    return {key["kid"]: jwt.PyJWK(key["jwk"]) for key in _deserialize(ring["keys"])}


def _revocations(claims: dict[str, Any]) -> list[Any]:
    targets = (f"jti#{claims['jti']}", f"sub#{claims['sub']}", f"client#{claims['client_id']}", "global#7")
    return _batch_get("REVOCATION_TABLE", [{"pk": {"S": target}, "sk": {"S": "target"}} for target in targets])


def _batch_get(variable: str, keys: list[Any]) -> list[Any]:
    table = os.environ[variable]
    answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    return answer["Responses"][table]
