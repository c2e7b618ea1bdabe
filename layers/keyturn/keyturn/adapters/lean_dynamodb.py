"""DynamoDB without boto3."""

from __future__ import annotations

from keyturn.adapters.lean_service import LeanService, service_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def dynamodb_origin(environ: Mapping[str, str]) -> str:
    """Return where DynamoDB is, by AWS_ENDPOINT_URL_DYNAMODB first; raises ValueError that names a wrong variable."""
    return service_origin(environ, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB")


class LeanDynamoDB(LeanService):
    """DynamoDB's read operations."""

    title = "DynamoDB"
    name = "dynamodb"
    target = "DynamoDB_20120810"
    json_version = "1.0"
