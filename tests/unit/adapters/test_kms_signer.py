"""Signatures by KMS: the right request for each algorithm and length."""

from __future__ import annotations

import hashlib
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from keyturn.adapters.kms_signer import KmsSigner
from keyturn.domain.errors import AccessDenied, KeyUnusable, StoreUnavailable, Throttled

ARN = "arn:aws:kms:eu-central-1:123456789012:key/1"

NAMES = {
    "RS256": ("RSASSA_PKCS1_V1_5_SHA_256", hashlib.sha256),
    "RS384": ("RSASSA_PKCS1_V1_5_SHA_384", hashlib.sha384),
    "RS512": ("RSASSA_PKCS1_V1_5_SHA_512", hashlib.sha512),
    "PS256": ("RSASSA_PSS_SHA_256", hashlib.sha256),
    "PS384": ("RSASSA_PSS_SHA_384", hashlib.sha384),
    "PS512": ("RSASSA_PSS_SHA_512", hashlib.sha512),
    "ES256": ("ECDSA_SHA_256", hashlib.sha256),
}


def stubbed() -> tuple[KmsSigner, Stubber]:
    """Return a signer whose answers are scripted."""
    kms = boto3.client("kms", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    return KmsSigner(kms), Stubber(kms)


def expect(message: bytes, kind: str, algorithm: str) -> dict[str, Any]:
    """Return the request that KMS is to get."""
    return {"KeyId": ARN, "Message": message, "MessageType": kind, "SigningAlgorithm": algorithm}


@pytest.mark.parametrize("algorithm", NAMES)
def test_short_message_is_sent_raw_and_long_one_as_its_digest(algorithm: str) -> None:
    """4,096 bytes are the last that go as they are; one more, and the digest of the algorithm goes."""
    name, digest = NAMES[algorithm]
    signer, stub = stubbed()
    short, long = b"x" * 4096, b"x" * 4097
    stub.add_response("sign", {"Signature": b"raw"}, expect(short, "RAW", name))
    stub.add_response("sign", {"Signature": b"digest"}, expect(digest(long).digest(), "DIGEST", name))
    with stub:
        assert signer.sign(ARN, algorithm, short) == b"raw"
        assert signer.sign(ARN, algorithm, long) == b"digest"


def test_ed25519_signs_the_whole_message_and_no_longer_one() -> None:
    """KMS signs Ed25519 over the message itself, of at most 4,096 bytes: a longer one is a clear error (RFC 8032)."""
    signer, stub = stubbed()
    stub.add_response("sign", {"Signature": b"raw"}, expect(b"x" * 4096, "RAW", "ED25519_SHA_512"))
    with stub:
        assert signer.sign(ARN, "Ed25519", b"x" * 4096) == b"raw"
        with pytest.raises(ValueError, match="Ed25519 signs at most 4096 bytes, and the token has 4097"):
            signer.sign(ARN, "Ed25519", b"x" * 4097)


@pytest.mark.parametrize("algorithm", ["HS256", "none", "", "EdDSA"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """An algorithm that no ring can have is a mistake of ours, and KMS is not asked."""
    signer, stub = stubbed()
    with stub, pytest.raises(ValueError, match="the algorithm is not one of"):
        signer.sign(ARN, algorithm, b"x")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("DisabledException", KeyUnusable),
        ("KMSInvalidStateException", KeyUnusable),
        ("NotFoundException", KeyUnusable),
        ("ThrottlingException", Throttled),
        ("AccessDeniedException", AccessDenied),
        ("KMSInternalException", StoreUnavailable),
    ],
)
def test_refusals_of_kms_have_their_meaning(code: str, fault: type[Exception]) -> None:
    """Each refusal of KMS becomes the fault that the issuer knows what to do about."""
    signer, stub = stubbed()
    stub.add_client_error("sign", code)
    with stub, pytest.raises(fault):
        signer.sign(ARN, "RS256", b"x")
