"""The secret of refresh tokens, which is not in the table: HMAC-SHA-256 by a key that KMS derives (RFC 2104)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


# The message of KMS's MAC. A change of it is a change of the key.
_PURPOSE = b"keyturn successor key 1"


class KmsSuccessorKey:
    """A SuccessorKey on kms:GenerateMac; `key` is the ARN.

    The MAC of one fixed message is the key of all others (NIST SP 800-108 §4). A sandbox asks KMS once.
    """

    def __init__(self, kms: KMSClient, key: str) -> None:
        self._kms = kms
        self._key = key
        self._derived: bytes | None = None

    def mac(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message; raises KeyUnusable, Throttled, AccessDenied, StoreUnavailable."""
        # Two threads may derive at once: both get the same key.
        if self._derived is None:
            self._derived = self._derive()
        return hmac.digest(self._derived, message, "sha256")

    def _derive(self) -> bytes:
        with aws_errors("KMS GenerateMac of a refresh token"):
            answer = self._kms.generate_mac(KeyId=self._key, MacAlgorithm="HMAC_SHA_256", Message=_PURPOSE)
        return answer["Mac"]
