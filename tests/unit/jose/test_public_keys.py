"""A KMS public key becomes the JWK that verifiers see, under its thumbprint (RFC 7638, R52, I9)."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.jose import KeySet
from keyturn.jose.public_key import public_jwk
from keyturn.jose.thumbprint import thumbprint
from tests.fakes.token_factory import ALGORITHMS, signing_key

# RFC 7638 §3.1.
RFC_7638_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
# RFC 8037 A.2, A.3.
RFC_8037_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed448.Ed448PublicKey) -> bytes:
    """Return the key as KMS gives it."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_the_thumbprints_of_the_rfcs() -> None:
    """RFC 7638 §3.1, RFC 8037 A.3: the examples have the thumbprints that the RFCs print."""
    assert thumbprint(RFC_7638_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint(RFC_8037_KEY) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "jwk", [{}, {"kty": "oct", "k": "AA"}, {"kty": "RSA", "n": "AQAB"}, {"kty": "EC", "crv": "P-256", "x": "A"}]
)
def test_a_thumbprint_needs_the_required_members(jwk: dict[str, str]) -> None:
    """RFC 7638 §3.2: a key without its required members, or of another type, has no thumbprint."""
    with pytest.raises(ValueError, match="members"):
        thumbprint(jwk)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_jwk_is_what_our_verifier_loads(algorithm: str) -> None:
    """R52, I9: the JWK has public members alone, kid = thumbprint, use and alg, and loads under our own rules."""
    key = signing_key(algorithm)
    jwk = public_jwk(key.spki, algorithm)
    assert set(jwk) <= {"kty", "n", "e", "crv", "x", "y", "kid", "use", "alg"}
    assert (jwk["kid"], jwk["use"], jwk["alg"]) == (thumbprint(jwk), "sig", algorithm)
    assert json.loads(json.dumps(jwk)) == jwk
    loaded = KeySet.from_jwks({"keys": [jwk]}).get(jwk["kid"])
    assert loaded is not None
    loaded.verify(b"fixed bytes", key.sign_jose(b"fixed bytes"))


def test_the_polymorphic_name_is_published_fully_specified() -> None:
    """RFC 9864 §2.2: a key that somebody calls EdDSA is published as Ed25519."""
    assert public_jwk(signing_key("Ed25519").spki, "EdDSA")["alg"] == "Ed25519"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "Ed25519"])
def test_a_key_that_does_not_fit_its_algorithm_is_refused(algorithm: str) -> None:
    """R04, R09: another type, another curve, a weak key and an unknown algorithm never get a JWK."""
    for other in ("RS256", "ES256", "ES384", "Ed25519"):
        if other != algorithm:
            with pytest.raises(ValueError, match=r".+"):
                public_jwk(signing_key(other).spki, algorithm)
    for weak in (
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
    ):
        with pytest.raises(ValueError, match=r".+"):
            public_jwk(spki(weak.public_key()), algorithm)
    for unknown in ("HS256", "none", ""):
        with pytest.raises(ValueError, match="algorithm"):
            public_jwk(signing_key(algorithm).spki, unknown)
    with pytest.raises(ValueError, match=r".+"):
        public_jwk(b"not DER", algorithm)
