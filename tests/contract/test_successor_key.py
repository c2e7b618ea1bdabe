"""The key of refresh tokens: a fake and KMS give one MAC for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.grants.kms_successor_key import KmsSuccessorKey
from keyturn.domain.errors import KeyUnusable
from tests.fakes.issuer_harness import StubSuccessorKey
from tests.fakes.moto_connections import http_kms
from tests.fakes.moto_kms import moto_kms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_kms import KMSClient

    from keyturn.ports import SuccessorKey


@pytest.fixture(params=["memory", "boto3", "http"])
def key(request: pytest.FixtureRequest) -> Iterator[SuccessorKey]:
    """Return a key of each kind."""
    if request.param == "memory":
        yield StubSuccessorKey()
        return
    with moto_kms() as kms:
        yield KmsSuccessorKey(http_kms() if request.param == "http" else kms, new_key(kms))


def new_key(kms: KMSClient) -> str:
    """Return the ARN of a new HMAC key."""
    return kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]


def test_one_message_has_one_mac(key: SuccessorKey) -> None:
    """R40: a MAC has 32 bytes, is the same at each call, and another for another message."""
    mac = key.mac(b"one")
    assert (len(mac), key.mac(b"one"), key.mac(b"other") == mac) == (32, mac, False)


def test_kms_is_asked_once_a_sandbox() -> None:
    """A refresh needs no KMS request beside its signature's; another sandbox derives the same key."""
    with moto_kms() as kms:
        arn, asked = new_key(kms), []
        kms.meta.events.register("before-call.kms.GenerateMac", lambda **_: asked.append(1))
        one, other = KmsSuccessorKey(kms, arn), KmsSuccessorKey(kms, arn)
        assert one.mac(b"one") == one.mac(b"one") == other.mac(b"one")
        assert KmsSuccessorKey(kms, new_key(kms)).mac(b"one") != one.mac(b"one")
        assert len(asked) == 3


def test_a_key_that_comes_back_serves() -> None:
    """A failed derivation is tried again at the next refresh."""
    with moto_kms() as kms:
        key = KmsSuccessorKey(kms, new_key(kms))
        with pytest.MonkeyPatch.context() as patch:
            disabled = ClientError({"Error": {"Code": "DisabledException", "Message": ""}}, "GenerateMac")
            patch.setattr(kms, "generate_mac", Mock(side_effect=disabled))
            with pytest.raises(KeyUnusable):
                key.mac(b"one")
        assert len(key.mac(b"one")) == 32


@pytest.mark.parametrize("kind", ["boto3", "http"])
def test_a_key_that_is_away(kind: str) -> None:
    """A missing key is unusable: the request gets 503, and its refresh token stays valid."""
    with moto_kms() as kms:
        arn = new_key(kms)[:-12] + "0" * 12
        with pytest.raises(KeyUnusable, match="KMS GenerateMac"):
            KmsSuccessorKey(http_kms() if kind == "http" else kms, arn).mac(b"one")
