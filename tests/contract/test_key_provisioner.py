"""The key provisioner's port: the fake and the KMS adapter behave alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.errors import KeyUnusable
from keyturn.jose.ecdsa_signature import CURVES, from_der
from keyturn.jose.jwk import parse_jwk
from keyturn.jose.public_key import public_jwk
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.moto_kms import moto_kms, provisioner

if TYPE_CHECKING:
    from keyturn.ports import KeyProvisioner


@pytest.fixture(params=["memory", "kms"])
def keys(request: pytest.FixtureRequest) -> Iterator[KeyProvisioner]:
    """Return a provisioner of each kind, without a key."""
    if request.param == "memory":
        yield MemoryKms()
        return
    with moto_kms() as kms:
        yield provisioner(kms)


# moto signs PSS with a salt of its own choice, which no verifier takes: PS256 is proven on the embedded stack.
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_key_signs_what_its_public_half_verifies(keys: KeyProvisioner, algorithm: str) -> None:
    """A new key's signature verifies with its public JWK."""
    arn = keys.create_key(algorithm, "n")
    jwk = public_jwk(keys.public_key(arn), algorithm)
    signature = keys.sign(arn, algorithm, b"some bytes")
    parse_jwk(jwk).verify(b"some bytes", from_der(signature, algorithm) if algorithm in CURVES else signature)


def test_a_key_can_sign_until_it_is_disabled(keys: KeyProvisioner) -> None:
    """A new key can sign; a key that is disabled, pending deletion or unknown cannot."""
    disabled, pending = keys.create_key("ES256", "n"), keys.create_key("ES256", "n")
    assert keys.can_sign(disabled)
    keys.disable(disabled)
    keys.schedule_deletion(pending, 7)
    gone = disabled.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    assert not any(keys.can_sign(arn) for arn in (disabled, pending, gone))


def test_every_creation_makes_a_key_of_its_own(keys: KeyProvisioner) -> None:
    """Two creations make two keys, even with one nonce."""
    assert keys.create_key("ES256", "n") != keys.create_key("ES256", "n")


def test_keys_are_found_by_their_nonce(keys: KeyProvisioner) -> None:
    """All keys of a nonce are found, and no other."""
    first, second = keys.create_key("ES256", "n"), keys.create_key("ES256", "n")
    keys.create_key("ES256", "other")
    assert sorted(keys.find_by_nonce("n", since=0)) == sorted([first, second])
    assert keys.find_by_nonce("unknown", since=0) == ()


def test_key_that_is_pending_deletion_is_not_found(keys: KeyProvisioner) -> None:
    """A disabled key is found, one that is pending deletion is not."""
    disabled, pending = keys.create_key("ES256", "n"), keys.create_key("ES256", "n")
    keys.disable(disabled)
    keys.schedule_deletion(pending, 7)
    assert keys.find_by_nonce("n", since=0) == (disabled,)


def test_key_that_is_older_than_the_search_is_not_found(keys: KeyProvisioner) -> None:
    """A key that was created before the given time belongs to an earlier creation, whatever its tag says."""
    arn, now = keys.create_key("ES256", "n"), int(wall_seconds())
    assert keys.find_by_nonce("n", since=now - 60) == (arn,)
    assert keys.find_by_nonce("n", since=now + 60) == ()


def test_disabling_and_deleting_may_be_repeated(keys: KeyProvisioner) -> None:
    """Disable and schedule, each twice: no error, and the deletion stays scheduled (I4)."""
    arn = keys.create_key("ES256", "n")
    keys.disable(arn)
    keys.disable(arn)
    keys.schedule_deletion(arn, 7)
    keys.schedule_deletion(arn, 7)
    assert keys.find_by_nonce("n", since=0) == ()


def test_key_that_is_gone_is_disabled_and_deleted_already(keys: KeyProvisioner) -> None:
    """A deleted key cannot sign; disabling and deleting it are accepted."""
    gone = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    keys.disable(gone)
    keys.schedule_deletion(gone, 7)


def test_key_that_is_gone_cannot_be_used(keys: KeyProvisioner) -> None:
    """Signing with, reading or repairing a key that is not there says that it is unusable."""
    gone = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(KeyUnusable):
        keys.sign(gone, "ES256", b"x")
    with pytest.raises(KeyUnusable):
        keys.public_key(gone)
    with pytest.raises(KeyUnusable):
        keys.repair_policy(gone)


def test_policy_of_a_new_key_needs_no_repair(keys: KeyProvisioner) -> None:
    """A key is born with the expected policy."""
    assert keys.repair_policy(keys.create_key("ES256", "n")) is False
