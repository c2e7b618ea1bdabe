"""Signatures by KMS keys, addressed by ARN: an alias that moved may count for IAM only minutes later."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import KeySpecType, SigningAlgorithmSpecType

# What KMS takes as a RAW message; of a longer one it takes the digest.
MAX_RAW_BYTES = 4096


class KmsAlgorithm(NamedTuple):
    """A JOSE algorithm (RFC 7518 §3.1) in KMS's words."""

    key_spec: KeySpecType
    signing_algorithm: SigningAlgorithmSpecType
    digest: str | None


KMS_ALGORITHMS = {
    "RS256": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256"),
    "RS384": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", "sha384"),
    "RS512": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512"),
    "PS256": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_256", "sha256"),
    "PS384": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_384", "sha384"),
    "PS512": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_512", "sha512"),
    "ES256": KmsAlgorithm("ECC_NIST_P256", "ECDSA_SHA_256", "sha256"),
    # KMS signs this one as a whole message only.
    "Ed25519": KmsAlgorithm("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", None),
}


def kms_algorithm(algorithm: str) -> KmsAlgorithm:
    """Return KMS's words for a JOSE algorithm; raises ValueError for one that no ring can have."""
    found = KMS_ALGORITHMS.get(algorithm)
    if found is None:
        raise ValueError(f"the algorithm is not one of {', '.join(sorted(KMS_ALGORITHMS))}")
    return found


class KmsSigner:
    """A Signer on kms:Sign."""

    def __init__(self, kms: KMSClient) -> None:
        """Take boto3's client."""
        self._kms = kms

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return KMS's signature over the signing input: DER for ECDSA; raises KeyUnusable, Throttled, AccessDenied."""
        kms = kms_algorithm(algorithm)
        raw = len(signing_input) <= MAX_RAW_BYTES
        if not raw and kms.digest is None:
            raise ValueError(f"{algorithm} signs at most {MAX_RAW_BYTES} bytes, and the token has {len(signing_input)}")
        with aws_errors("KMS Sign"):
            answer = self._kms.sign(
                KeyId=arn,
                Message=signing_input if raw or kms.digest is None else hashlib.new(kms.digest, signing_input).digest(),
                MessageType="RAW" if raw else "DIGEST",
                SigningAlgorithm=kms.signing_algorithm,
            )
        return answer["Signature"]
