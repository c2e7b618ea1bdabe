"""DynamoDB's read operations over HTTP, without boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.endpoints import service_origin
from keyturn.adapters.aws.json_service import JsonService

if TYPE_CHECKING:
    from collections.abc import Mapping


def dynamodb_origin(environ: Mapping[str, str]) -> str:
    """Return DynamoDB's URL, from AWS_ENDPOINT_URL_DYNAMODB first; raises ValueError that names a wrong variable."""
    return service_origin(environ, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB")


class DynamoDbReads(JsonService):
    """DynamoDB's read operations."""

    title = "DynamoDB"
    name = "dynamodb"
    target = "DynamoDB_20120810"
    json_version = "1.0"
