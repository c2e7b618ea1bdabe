"""The key of refresh tokens: a fake and KMS give one MAC for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.grants.kms_successor_key import KmsSuccessorKey
from keyturn.domain.errors import KeyUnusable
from tests.fakes.issuer_harness import StubSuccessorKey
from tests.fakes.moto_kms import moto_kms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_kms import KMSClient

    from keyturn.ports import SuccessorKey


@pytest.fixture(params=["memory", "kms"])
def key(request: pytest.FixtureRequest) -> Iterator[SuccessorKey]:
    """Return a key of each kind."""
    if request.param == "memory":
        yield StubSuccessorKey()
        return
    with moto_kms() as kms:
        yield KmsSuccessorKey(kms, new_key(kms))


def new_key(kms: KMSClient) -> str:
    """Return the ARN of a new HMAC key."""
    return kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]


def test_one_message_has_one_mac(key: SuccessorKey) -> None:
    """R40: a MAC has 32 bytes, is the same at each call, and another for another message."""
    mac = key.mac(b"one")
    assert (len(mac), key.mac(b"one"), key.mac(b"other") == mac) == (32, mac, False)


def test_a_key_that_is_away() -> None:
    """A missing key is unusable: the request gets 503, and its refresh token stays valid."""
    with moto_kms() as kms:
        arn = new_key(kms)[:-12] + "0" * 12
        with pytest.raises(KeyUnusable, match="KMS GenerateMac"):
            KmsSuccessorKey(kms, arn).mac(b"one")
