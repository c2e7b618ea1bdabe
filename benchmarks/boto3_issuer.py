"""PyJWT and boto3 doing what our issuer does for client credentials, and nothing else: the peer of a cold start.

The calls are ours: GetItem of the client and of the resource server, BatchGetItem of revocations and of the key rings,
and kms:Sign. Resource server and rings are kept for a minute, as ours are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import boto3
import jwt
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_config = Config(connect_timeout=0.5, read_timeout=1.0, retries={"mode": "standard", "total_max_attempts": 2})
dynamodb = boto3.client("dynamodb", config=_config)
kms = boto3.client("kms", config=_config)
_deserialize = TypeDeserializer().deserialize
_KEPT = 60.0  # seconds
_RINGS = ("default", "RS256", "PS256", "ES256", "Ed25519")
_kept: dict[str, tuple[float, Any]] = {}


class KmsAlgorithm(jwt.algorithms.Algorithm):
    """ES256 whose private key stays in KMS."""

    def prepare_key(self, key: str) -> str:
        """Return the key's ARN."""
        return key

    def sign(self, msg: bytes, key: str) -> bytes:
        """Return KMS's signature as JOSE encodes it."""
        answer = kms.sign(KeyId=key, Message=msg, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
        r, s = decode_dss_signature(answer["Signature"])
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verify(self, msg: bytes, key: str, sig: bytes) -> bool:
        """Verify nothing: this is the signing side."""
        raise NotImplementedError

    to_jwk = from_jwk = staticmethod(NotImplemented)


_jwt = jwt.PyJWT()
_jwt._jws.unregister_algorithm("ES256")
_jwt._jws.register_algorithm("ES256", KmsAlgorithm())


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the token response to a request with client_secret_basic, or an error response."""
    client = _authenticated(event["headers"]["authorization"])
    form = parse_qs(base64.b64decode(event["body"]).decode(), strict_parsing=True)
    if client is None or form.get("grant_type") != ["client_credentials"]:
        return _response(400, {"error": "invalid_client"})
    client_id = client["pk"].removeprefix("client#")
    audience = client["audiences"][0]
    scopes = client["scopes"] & _kept_value("server", lambda: _get("CLIENT_TABLE", f"resource#{audience}"))["scopes"]
    revoked = _revocations(client_id)
    now = int(time.time())  # noqa: TID251 - it stands for a clock
    if any(int(each.get("not_before", 0)) >= now for each in revoked):
        return _response(503, {"error": "temporarily_unavailable"})
    scope = " ".join(sorted(scopes))
    token = _signed(
        {
            "iss": os.environ["ISSUER"],
            "sub": client_id,
            "aud": audience,
            "exp": now + 900,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "client_id": client_id,
            "scope": scope,
        }
    )
    print(json.dumps({"level": "INFO", "event": "request", "status": 200, "client_id": client_id}))
    return _response(200, {"access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": scope})


def _authenticated(header: str) -> dict[str, Any] | None:
    user, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    client = _get("CLIENT_TABLE", f"client#{unquote_plus(user)}")
    presented = hashlib.sha256(unquote_plus(secret).encode()).hexdigest()
    matches = [hmac.compare_digest(presented, stored) for stored in client["secret_hashes"]] if client else []
    return client if any(matches) else None


def _signed(claims: dict[str, Any]) -> str:
    ring = _kept_value("ring", _rings)
    [active] = [key for key in ring["keys"] if key["state"] == "ACTIVE"]
    return _jwt.encode(claims, active["arn"], "ES256", headers={"typ": "at+jwt", "kid": active["kid"]})


def _kept_value(name: str, read: Any) -> Any:
    until, value = _kept.get(name, (0.0, None))
    if time.monotonic() >= until:
        value = read()
        _kept[name] = (time.monotonic() + _KEPT, value)
    return value


def _get(variable: str, key: str) -> dict[str, Any]:
    answer = dynamodb.get_item(TableName=os.environ[variable], Key={"pk": {"S": key}}, ConsistentRead=True)
    return {name: _deserialize(value) for name, value in answer.get("Item", {}).items()}


def _rings() -> dict[str, Any]:
    [ring] = _batch_get("KEY_RING_TABLE", [{"pk": {"S": f"ring#{name}"}} for name in _RINGS])
    return ring


def _revocations(client_id: str) -> list[dict[str, Any]]:
    targets = (f"sub#{client_id}", f"client#{client_id}", "global#0")
    return _batch_get("REVOCATION_TABLE", [{"pk": {"S": target}, "sk": {"S": "target"}} for target in targets])


def _batch_get(variable: str, keys: list[Any]) -> list[dict[str, Any]]:
    table = os.environ[variable]
    answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    return [{name: _deserialize(value) for name, value in item.items()} for item in answer["Responses"][table]]


def _response(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
