"""boto3 clients of the key rotator, with short time-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from keyturn.adapters.aws.call_limits import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


def dynamodb_client() -> DynamoDBClient:
    """Return a client for DynamoDB."""
    return boto3.client("dynamodb", config=_config(READ_TIMEOUT, ATTEMPTS))


def kms_client(*, read_timeout: float = READ_TIMEOUT, attempts: int = ATTEMPTS) -> KMSClient:
    """Return a client for KMS, with the seconds to wait for a response and the attempts in all."""
    return boto3.client("kms", config=_config(read_timeout, attempts))


def tagging_client() -> Any:
    """Return a client for the Resource Groups Tagging API."""
    return boto3.client("resourcegroupstaggingapi", config=_config(5.0, ATTEMPTS))


def _config(read_timeout: float, attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
