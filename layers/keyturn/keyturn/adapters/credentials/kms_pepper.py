"""The pepper: HMAC-SHA-256 by a KMS key whose secret nobody can read (RFC 2104)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsPepper:
    """A Pepper on kms:GenerateMac."""

    def __init__(self, kms: KMSClient, key: str) -> None:
        self._kms = kms
        self._key = key

    @property
    def key(self) -> str:
        """The ARN of the key that new passwords use."""
        return self._key

    def mac(self, key: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message by the key of this ARN; raises KeyUnusable, Throttled, AccessDenied.

        The message has at most 4,096 bytes.
        """
        with aws_errors("KMS GenerateMac"):
            answer = self._kms.generate_mac(KeyId=key, MacAlgorithm="HMAC_SHA_256", Message=message)
        return answer["Mac"]
