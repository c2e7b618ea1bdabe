"""An authorizer of PyJWT, boto3 and Powertools as their documentation leads one to write it: a peer of ours.

Clients are made once, at module scope; PyJWKClient keeps the keys; Logger and Metrics, and no Tracer, which would load
a second botocore; one strongly consistent GetItem asks whether the token is revoked.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import jwt
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="authorizer")
metrics = Metrics(namespace="Bench", service="authorizer")
dynamodb = boto3.client("dynamodb")
keys = jwt.PyJWKClient(os.environ["JWKS_URL"], cache_keys=True, lifespan=3600)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Return the simple answer of an HTTP API."""
    try:
        claims = _verify(event["headers"]["authorization"].removeprefix("Bearer "))
    except jwt.PyJWTError as error:
        logger.info("refused", reason=type(error).__name__)
        metrics.add_metric(name="Refusals", unit=MetricUnit.Count, value=1)
        return {"isAuthorized": False}
    if _is_revoked(claims["jti"]):
        logger.info("refused", reason="revoked", jti=claims["jti"])
        metrics.add_metric(name="Refusals", unit=MetricUnit.Count, value=1)
        return {"isAuthorized": False}
    logger.info("allowed", jti=claims["jti"])
    metrics.add_metric(name="Allows", unit=MetricUnit.Count, value=1)
    return {"isAuthorized": True, "context": {"sub": claims["sub"], "scope": claims["scope"]}}


def _verify(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "RS256"],
        audience=os.environ["AUDIENCE"],
        issuer=os.environ["ISSUER"],
        leeway=10,
        options={"require": ["exp", "iat", "sub", "jti"]},
    )
    return claims


def _is_revoked(jti: str) -> bool:
    key = f"jti#{jti}"
    answer = dynamodb.get_item(
        TableName=os.environ["REVOCATION_TABLE"], Key={"pk": {"S": key}, "sk": {"S": "target"}}, ConsistentRead=True
    )
    return "Item" in answer
