"""PyJWT's verdict on signatures, beside our verifier's (invariant I10)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.jose.ecdsa_signature import as_jose
from keyturn.jose.pyjwt_verdict import check_with_pyjwt
from tests.fakes.token_factory import ALGORITHMS, SigningKey, signing_key

MESSAGE = b"a message"


def signature(key: SigningKey, message: bytes = MESSAGE) -> bytes:
    """Return the key's signature as JOSE encodes it."""
    return as_jose(key.sign(message), key.algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_signature_is_accepted(algorithm: str) -> None:
    """R52: PyJWT accepts a signature of each algorithm with the JWK that is published."""
    key = signing_key(algorithm)
    check_with_pyjwt(key.jwk, algorithm, MESSAGE, signature(key))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_message_or_another_key_is_refused(algorithm: str) -> None:
    """R08, I10: a signature over other bytes, by another key, or without its last octet is no signature."""
    key, other = signing_key(algorithm), signing_key(algorithm, "other")
    good = signature(key)
    for jwk, wrong in ((key.jwk, signature(key, b"b")), (other.jwk, good), (key.jwk, good[:-1]), (key.jwk, b"")):
        with pytest.raises(ValueError, match=r"^PyJWT refuses the signature$"):
            check_with_pyjwt(jwk, algorithm, MESSAGE, wrong)


@pytest.mark.parametrize(
    ("signs", "judged_as"),
    [("RS256", "RS512"), ("RS256", "PS256"), ("PS256", "RS256"), ("PS256", "PS384")],
)
def test_another_algorithm_of_the_same_key_is_refused(signs: str, judged_as: str) -> None:
    """R05: an RSA signature of another hash or padding than the ring asked for is no signature."""
    key = signing_key(signs)
    with pytest.raises(ValueError, match=r"^PyJWT refuses the signature$"):
        check_with_pyjwt(key.jwk, judged_as, MESSAGE, signature(key))


@pytest.mark.parametrize(
    ("signs", "judged_as"),
    [("ES384", "ES256"), ("ES256", "ES384"), ("ES256", "RS256"), ("RS256", "ES256"), ("ES256", "Ed25519")],
)
def test_a_key_of_another_kind_or_curve_is_refused(signs: str, judged_as: str) -> None:
    """R05, RFC 7518 §3.4: a key that does not fit the algorithm is refused before any signature is compared."""
    key = signing_key(signs)
    with pytest.raises(ValueError, match="PyJWT refuses the key"):
        check_with_pyjwt(key.jwk, judged_as, MESSAGE, signature(key))


@pytest.mark.parametrize("algorithm", ["ES256K", "unknown", ""])
def test_an_algorithm_that_one_of_us_does_not_know_is_refused(algorithm: str) -> None:
    """R04: a name without a judge is refused."""
    key = signing_key("ES256")
    with pytest.raises(ValueError, match="PyJWT refuses the key"):
        check_with_pyjwt(key.jwk, algorithm, MESSAGE, signature(key))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_neither_no_signature_nor_a_shared_secret_is_a_verdict(algorithm: str) -> None:
    """R04, A1: PyJWT knows none and HMAC, and neither accepts a public key."""
    key = signing_key("ES256")
    with pytest.raises(ValueError, match="PyJWT refuses the key"):
        check_with_pyjwt(key.jwk, algorithm, MESSAGE, b"")


@pytest.mark.parametrize("members", [{}, {"x": "AA", "y": "AA"}, {"x": 1, "y": 1}, {"x": None, "y": None}])
def test_a_jwk_that_is_no_key_is_refused(members: dict[str, Any]) -> None:
    """R52: a JWK that PyJWT cannot read is refused."""
    with pytest.raises(ValueError, match="PyJWT refuses the key"):
        check_with_pyjwt({"kty": "EC", "crv": "P-256"} | members, "ES256", MESSAGE, b"\x01" * 64)
