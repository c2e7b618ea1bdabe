"""The exact messages of a wrong configuration: each says what to do (house style)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.domain.base64url import encode
from keyturn.jose import KeySet, VerificationPolicy
from keyturn.jose.algorithms import ALGORITHM_NAMES
from keyturn.jose.id_token import IdTokenPolicy
from keyturn.jose.public_key import public_jwk
from keyturn.jose.remote_algorithm import RemoteAlgorithm
from keyturn.jose.thumbprint import thumbprint
from tests.fakes.token_factory import jwks, policy, signing_key

EC, RSA, ED25519 = signing_key("ES256"), signing_key("RS256"), signing_key("Ed25519")
LENGTH = "is canonical base64url of the right length"
PRIVATE = "the JWK holds private or symmetric key material: its publisher must replace that key"


def message(make: Callable[[], object], kind: type[Exception] = ValueError) -> str:
    """Return the whole message of the refusal."""
    with pytest.raises(kind) as error:
        make()
    return str(error.value)


def said_of(key: dict[str, Any]) -> str:
    """Return what is said of a set with this one key."""
    return message(lambda: KeySet.from_jwks({"keys": [key]})).removeprefix("keys[0]: ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"d": "AA"}, PRIVATE),
        ({"kid": "a b"}, "kid is 1 to 128 characters [A-Za-z0-9_-]"),
        ({"use": "enc"}, 'use, where present, is "sig", and key_ops ["verify"]'),
        ({"alg": "HS256"}, "alg is an asymmetric signature algorithm; give assume_algorithm for a JWKS that has none"),
        ({"alg": "ES384"}, "kty and crv are not those of alg"),
        ({"x": "AA"}, f"x {LENGTH}"),
        ({"y": "AA"}, f"y {LENGTH}"),
        ({"y": EC.jwk["x"]}, "x and y are no point of the curve"),
        ({"y": "é"}, f"y {LENGTH}"),
    ],
)
def test_what_is_said_of_an_elliptic_key(changes: dict[str, str], said: str) -> None:
    """R09: the message names the member and what it should be, and nothing that the key says."""
    assert said_of(EC.jwk | changes) == said


@pytest.mark.parametrize(
    ("key", "changes", "said"),
    [
        (RSA, {"n": encode(bytes(8) + b"\1")}, "n has leading zero octets (RFC 7518 §2)"),
        (RSA, {"n": encode(b"\xff" * 255)}, "an RSA modulus is odd and has 2048 to 4096 bits"),
        (RSA, {"e": encode(b"\3")}, "an RSA exponent is odd, at least 65537 and below 2^32"),
        (ED25519, {"x": encode(b"\1" * 31)}, f"x {LENGTH}"),
        (ED25519, {"x": encode(b"\2" + bytes(31))}, "x is no point of edwards25519"),
        (ED25519, {"x": encode((2**255 - 19).to_bytes(32, "little"))}, "x is no point of edwards25519"),
        (ED25519, {"x": encode(bytes(32))}, "x is a point of small order"),
    ],
)
def test_what_is_said_of_another_key(key: Any, changes: dict[str, str], said: str) -> None:
    """R09: a weak or malformed key is refused by what is wrong with it."""
    assert said_of(key.jwk | changes) == said


def test_what_is_said_of_a_set() -> None:
    """R09: a document that is not a set, an invalid entry, and a repeated kid."""
    assert message(lambda: KeySet.from_jwks([])) == 'a JWKS is a JSON object with a list "keys"'  # type: ignore[arg-type]
    assert message(lambda: KeySet.from_jwks(jwks(EC, EC))) == "two keys of the JWKS have the same kid"
    assert message(lambda: KeySet.from_jwks({"keys": [EC.jwk, "key"]})) == "keys[1]: a JWK is a JSON object"


def test_what_is_said_of_a_key_that_cannot_be_published() -> None:
    """R52: a public key of another kind, and a JWK without its members."""
    other = x25519.X25519PrivateKey.generate().public_key()
    spki = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert message(lambda: public_jwk(spki, "Ed25519")) == "the type of the public key is unknown to Keyturn"
    curve = ec.generate_private_key(ec.SECP256K1()).public_key()
    spki_of_curve = curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert message(lambda: public_jwk(spki_of_curve, "ES256")) == "the type of the public key is unknown to Keyturn"
    assert message(lambda: thumbprint({})) == "a thumbprint needs kty and the key's required members"


def test_what_is_said_of_a_remote_key() -> None:
    """Public interface: what a remote key cannot do, and what can."""
    algorithm = RemoteAlgorithm("RS256")
    assert message(lambda: RemoteAlgorithm("HS256")) == "the algorithm is not one that Keyturn knows"
    not_a_key = message(lambda: algorithm.prepare_key("pem"), jwt.InvalidKeyError)  # type: ignore[arg-type]
    assert not_a_key == "a remote key has a method sign(signing_input)"
    refused = NotImplementedError
    assert message(lambda: algorithm.verify(b"", EC, b""), refused) == "verify with keyturn.jose and the public key"
    assert message(lambda: RemoteAlgorithm.to_jwk(EC), refused) == "use keyturn.jose.public_key"
    assert message(lambda: RemoteAlgorithm.from_jwk(""), refused) == "a remote key has no JWK of its private half"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": ""}, "issuer holds non-empty strings only"),
        ({"previous_issuers": {""}}, "previous_issuers holds non-empty strings only"),
        ({"audiences": set()}, "audiences is a set of at least 1 strings"),
        ({"algorithms": "RS256"}, "algorithms is a set of at least 1 strings"),
        ({"algorithms": {"none"}}, f"algorithms are among {', '.join(sorted(ALGORITHM_NAMES))}"),
        ({"leeway": 61}, "leeway is 0 to 60 whole seconds"),
        ({"max_lifetime": 0}, "max_lifetime is 1 to 31622400 whole seconds"),
    ],
)
def test_what_is_said_of_a_policy(changes: dict[str, Any], said: str) -> None:
    """R04, R13, R14: the message names the rule and its bounds."""
    assert message(lambda: policy(**changes)) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": ""}, "issuer holds non-empty strings only"),
        ({"client_id": ""}, "client_id holds non-empty strings only"),
        ({"trusted_audiences": "partner"}, "trusted_audiences is a set of at least 0 strings"),
        ({"algorithms": set()}, "algorithms is a set of at least 1 strings"),
        ({"leeway": -1}, "leeway is 0 to 60 whole seconds"),
        ({"leeway": 61}, "leeway is 0 to 60 whole seconds"),
        ({"max_lifetime": True}, "max_lifetime is 1 to 31622400 whole seconds"),
        ({"max_lifetime": 366 * 86_400 + 1}, "max_lifetime is 1 to 31622400 whole seconds"),
        ({"max_age": -1}, "max_age is 0 to 31622400 whole seconds"),
        ({"max_age": 1.5}, "max_age is 0 to 31622400 whole seconds"),
    ],
)
def test_what_is_said_of_a_policy_for_id_tokens(changes: dict[str, Any], said: str) -> None:
    """A rule that cannot be meant raises ValueError when the policy is created, and names the rule."""
    good: dict[str, Any] = {"issuer": "https://i.example", "client_id": "c", "algorithms": {"RS256"}}
    assert message(lambda: IdTokenPolicy(**(good | changes))) == said


def test_the_longest_lifetime_is_a_year() -> None:
    """R14: a lifetime of 366 days is a configuration; more is a mistake in its unit."""
    assert policy(max_lifetime=366 * 86_400).max_lifetime == 31_622_400
    with pytest.raises(ValueError, match="max_lifetime"):
        VerificationPolicy(issuer="i", audiences={"a"}, algorithms={"RS256"}, max_lifetime=366 * 86_400 + 1)
