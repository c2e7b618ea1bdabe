"""Signatures by KMS keys, addressed by ARN: IAM may apply the change of an alias minutes later."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import KeySpecType, SigningAlgorithmSpecType

# KMS signs at most so many bytes as a RAW message. Longer ones would need a digest, which Ed25519 excludes.
MAX_RAW_BYTES = 4096


class KmsAlgorithm(NamedTuple):
    """KMS's names for a JOSE algorithm (RFC 7518 §3.1)."""

    key_spec: KeySpecType
    signing_algorithm: SigningAlgorithmSpecType


KMS_ALGORITHMS = {
    "RS256": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    "RS384": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384"),
    "RS512": KmsAlgorithm("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"),
    "PS256": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_256"),
    "PS384": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_384"),
    "PS512": KmsAlgorithm("RSA_2048", "RSASSA_PSS_SHA_512"),
    "ES256": KmsAlgorithm("ECC_NIST_P256", "ECDSA_SHA_256"),
    "Ed25519": KmsAlgorithm("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
}


def kms_algorithm(algorithm: str) -> KmsAlgorithm:
    """Return KMS's names for a JOSE algorithm; raises ValueError for one that a ring cannot have."""
    found = KMS_ALGORITHMS.get(algorithm)
    if found is None:
        raise ValueError(f"the algorithm is not one of {', '.join(sorted(KMS_ALGORITHMS))}")
    return found


class KmsSigner:
    """A Signer on kms:Sign."""

    def __init__(self, kms: KMSClient) -> None:
        self._kms = kms

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return KMS's signature over the signing input: DER for ECDSA; raises KeyUnusable, Throttled, AccessDenied.

        Raises ValueError for a signing input of more than 4,096 bytes, before the call to KMS.
        """
        kms = kms_algorithm(algorithm)
        if len(signing_input) > MAX_RAW_BYTES:
            raise ValueError(f"KMS signs at most {MAX_RAW_BYTES} bytes, and the token has {len(signing_input)}")
        with aws_errors("KMS Sign"):
            answer = self._kms.sign(
                KeyId=arn,
                Message=signing_input,
                MessageType="RAW",
                SigningAlgorithm=kms.signing_algorithm,
            )
        return answer["Signature"]
