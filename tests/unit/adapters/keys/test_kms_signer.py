"""Signatures by KMS: the right request for each algorithm, and none for a message that KMS would refuse."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from keyturn.adapters.keys.kms_signer import MAX_RAW_BYTES, KmsSigner
from keyturn.domain.clients.token_size import MAX_SIGNING_INPUT
from keyturn.domain.errors import AccessDenied, KeyUnusable, StoreUnavailable, Throttled

ARN = "arn:aws:kms:eu-central-1:123456789012:key/1"

NAMES = {
    "RS256": "RSASSA_PKCS1_V1_5_SHA_256",
    "RS384": "RSASSA_PKCS1_V1_5_SHA_384",
    "RS512": "RSASSA_PKCS1_V1_5_SHA_512",
    "PS256": "RSASSA_PSS_SHA_256",
    "PS384": "RSASSA_PSS_SHA_384",
    "PS512": "RSASSA_PSS_SHA_512",
    "ES256": "ECDSA_SHA_256",
    "Ed25519": "ED25519_SHA_512",
}


def stubbed() -> tuple[KmsSigner, Stubber]:
    """Return a signer whose answers are scripted."""
    kms = boto3.client("kms", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    return KmsSigner(kms), Stubber(kms)


@pytest.mark.parametrize("algorithm", NAMES)
def test_a_message_is_sent_whole(algorithm: str) -> None:
    """The message goes as it is, up to the 4,096 bytes that KMS takes, under KMS's name of the algorithm."""
    signer, stub = stubbed()
    message = b"x" * 4096
    request = {"KeyId": ARN, "Message": message, "MessageType": "RAW", "SigningAlgorithm": NAMES[algorithm]}
    stub.add_response("sign", {"Signature": b"raw"}, request)
    with stub:
        assert signer.sign(ARN, algorithm, message) == b"raw"


@pytest.mark.parametrize("algorithm", NAMES)
def test_a_longer_message_is_refused_before_kms_is_asked(algorithm: str) -> None:
    """One byte more is an error that says the bound and the length, and no request."""
    signer, stub = stubbed()
    with stub, pytest.raises(ValueError, match="KMS signs at most 4096 bytes, and the token has 4097"):
        signer.sign(ARN, algorithm, b"x" * 4097)


def test_the_issuer_never_asks_for_more() -> None:
    """The issuer's bound of a token is that of KMS."""
    assert MAX_SIGNING_INPUT == MAX_RAW_BYTES


@pytest.mark.parametrize("algorithm", ["HS256", "none", "", "EdDSA"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """An algorithm that a ring cannot have is refused before the call to KMS."""
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
