"""The test of a new key: our verifier and PyJWT both have to accept its signature (invariant I10)."""

from __future__ import annotations

import sys

import pytest

from key_rotator.self_test import MESSAGE, SelfTestFailed, prove_key
from keyturn.domain.keys.key_ring import DEFAULT_RING, Intent
from keyturn.domain.keys.key_rotation import Action
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.rotation_harness import RotationHarness
from tests.fakes.token_factory import ALGORITHMS, SigningKey, signing_key

OUR_VERIFIER = "keyturn.jose.verification_key.VerificationKey.verify"
PYJWT = "keyturn.jose.pyjwt_verdict"


class Kms:
    """A Signer with one key, whatever ARN and algorithm it is asked for; it remembers the message."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.message = b""

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return the key's signature."""
        self.message = signing_input
        return self._key.sign(signing_input)


def intent(key: SigningKey, **changes: str) -> Intent:
    """Return the recorded creation of the key; `algorithm` is what KMS was asked for."""
    return Intent(nonce="n", since=0, algorithm=changes.get("algorithm", key.algorithm), arn="arn", jwk=key.jwk)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_that_signs_as_recorded_passes(algorithm: str) -> None:
    """Both verifiers accept a key of each algorithm, by a message that is no signing input of a token (I10)."""
    key = signing_key(algorithm)
    kms = Kms(key)
    prove_key(kms, intent(key))
    assert kms.message == MESSAGE
    assert b"." not in MESSAGE


@pytest.mark.parametrize(
    ("accepting", "says"),
    [
        (OUR_VERIFIER, "PyJWT refuses the signature"),
        (f"{PYJWT}.check_with_pyjwt", "The signature does not verify with the key"),
    ],
    ids=["ours", "PyJWT"],
)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
def test_each_verifier_refuses_by_itself(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, accepting: str, says: str
) -> None:
    """A wrong key fails the test even if one of the two verifiers accepts every signature (I10)."""
    key, other = signing_key(algorithm), signing_key(algorithm, "other")
    monkeypatch.setattr(accepting, lambda *_: None)
    with pytest.raises(SelfTestFailed, match=f"the new key {key.kid} makes signatures that do not verify: .*{says}"):
        prove_key(Kms(other), intent(key))


@pytest.mark.parametrize(
    ("recorded", "signs", "asked"),
    [
        ("ES256", "ES384", "ES256"),
        ("ES384", "ES384", "ES256"),
        ("RS256", "PS256", "RS256"),
        ("RS256", "RS256", "PS256"),
        ("ES256", "RS256", "ES256"),
        ("Ed25519", "ES256", "Ed25519"),
        ("ES256", "ES256", "RS256"),
    ],
    ids=["curve", "curve of the ring", "padding", "padding of the ring", "kind", "kind of Ed25519", "kind of the ring"],
)
def test_a_key_of_another_curve_kind_or_padding_fails(recorded: str, signs: str, asked: str) -> None:
    """The recorded key, KMS's signature and the ring's algorithm have to agree (I10)."""
    with pytest.raises(SelfTestFailed, match="makes signatures that do not verify"):
        prove_key(Kms(signing_key(signs)), intent(signing_key(recorded), algorithm=asked))


def test_a_creation_without_a_key_has_nothing_to_test() -> None:
    """An intent that KMS has not answered yet fails before any call (I10)."""
    with pytest.raises(SelfTestFailed, match="the creation n has no key yet"):
        prove_key(Kms(signing_key()), Intent(nonce="n", since=0, algorithm="ES256"))


def test_without_pyjwt_no_key_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that lacks PyJWT fails the step with its remedy, and publishes no key (I10)."""
    monkeypatch.delitem(sys.modules, PYJWT, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    harness = RotationHarness()
    report = harness.rotator().create_ring()
    assert [step.action for step, _ in report.failures] == [Action.PUBLISH]
    assert "PyJWT is missing from the dependencies layer" in str(report.failures[0][1])
    assert harness.store.load(DEFAULT_RING).published() == ()


def test_an_emergency_works_without_pyjwt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emergency needs no verdict of a library: it disables the key and promotes the standby (I8)."""
    harness = RotationHarness()
    harness.rotator().create_ring().check()
    compromised = harness.ring.active().kid
    monkeypatch.delitem(sys.modules, PYJWT, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    report = harness.rotator().compromise(compromised, reason="drill", actor="tester")
    assert [step.action for step in report.applied][:2] == [Action.COMPROMISE, Action.DISABLE]
    assert harness.ring.active().kid != compromised


def test_a_damaged_signature_fails_the_step_alone() -> None:
    """An answer of KMS that is no signature fails the step, and the run goes on (I10)."""

    class Damaged(MemoryKms):
        def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
            return b"\x30\x03"

    harness = RotationHarness()
    report = harness.rotator(keys=Damaged(harness.kms)).create_ring()
    assert [step.action for step, _ in report.failures] == [Action.PUBLISH]
