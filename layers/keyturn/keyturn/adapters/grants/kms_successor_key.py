"""The secret of refresh tokens that is outside of the table: HMAC-SHA-256 by a KMS key (RFC 2104)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSuccessorKey:
    """A SuccessorKey on kms:GenerateMac; `key` is the ARN."""

    def __init__(self, kms: KMSClient, key: str) -> None:
        self._kms = kms
        self._key = key

    def mac(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message; raises KeyUnusable, Throttled, AccessDenied, StoreUnavailable."""
        with aws_errors("KMS GenerateMac of a refresh token"):
            answer = self._kms.generate_mac(KeyId=self._key, MacAlgorithm="HMAC_SHA_256", Message=message)
        return answer["Mac"]
