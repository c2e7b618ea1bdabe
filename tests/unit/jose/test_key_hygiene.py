"""A key set is loaded whole, of strong public keys alone, or not at all (R09, A3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.domain.base64url import decode, encode
from keyturn.jose import KeySet, TokenError, verify_jws
from keyturn.jose.key_hygiene import _ROCA_ORDERS, check_ed25519, check_rsa
from tests.fakes.token_factory import ABSENT, ALGORITHMS, jwks, key_set, make_token, signing_key

P = 2**255 - 19


def load(jwk: dict[str, Any], **options: str) -> KeySet:
    """Load a set of this one key."""
    return KeySet.from_jwks({"keys": [{name: value for name, value in jwk.items() if value is not ABSENT}]}, **options)


def number(value: int) -> str:
    """Return an unsigned integer as a JWK has it."""
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def test_a_key_set_knows_its_keys() -> None:
    """RFC 7517 §5: a set gives each key by its kid, bound to its algorithm, and nothing for another kid."""
    keys = [signing_key(algorithm) for algorithm in ALGORITHMS]
    loaded = key_set(*keys)
    assert len(loaded) == len(ALGORITHMS)
    assert loaded.kids == {key.kid for key in keys}
    for key in keys:
        found = loaded.get(key.kid)
        assert found is not None
        assert (found.kid, found.algorithm) == (key.kid, key.algorithm)
    assert loaded.get("unknown") is None


@pytest.mark.parametrize(
    "document", [None, [], "{}", {}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": [None]}]
)
def test_what_is_no_jwks_is_refused(document: Any) -> None:
    """R09: a document that is not a JSON object with a list of keys is refused."""
    with pytest.raises(ValueError, match="JWK"):
        KeySet.from_jwks(document)


def test_an_empty_set_verifies_nothing() -> None:
    """R07: a set without keys is a set, and refuses every token."""
    with pytest.raises(TokenError):
        verify_jws(make_token(), KeySet.from_jwks({"keys": []}), frozenset(ALGORITHMS))


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
def test_private_key_material_refuses_the_set(algorithm: str, member: str) -> None:
    """R09: one private member refuses the whole set, since every reader of the JWKS knows the key."""
    good = jwks(signing_key("PS256"))["keys"]
    with pytest.raises(ValueError, match="private"):
        KeySet.from_jwks({"keys": [*good, signing_key(algorithm).jwk | {member: "AQAB"}]})


def test_a_symmetric_key_refuses_the_set() -> None:
    """R09, A2: a set that mixes an HMAC secret with public keys is refused."""
    secret = {"kty": "oct", "kid": "s", "alg": "HS256", "k": encode(b"x" * 32)}
    with pytest.raises(ValueError, match=r"keys\[1\].*symmetric"):
        KeySet.from_jwks({"keys": [signing_key().jwk, secret]})


def test_a_kid_twice_refuses_the_set() -> None:
    """R09: two keys under one kid, the same key twice too, refuse the set."""
    first, second = signing_key(), signing_key("RS256")
    with pytest.raises(ValueError, match="same kid"):
        KeySet.from_jwks({"keys": [first.jwk, second.jwk | {"kid": first.kid}]})
    with pytest.raises(ValueError, match="same kid"):
        KeySet.from_jwks(jwks(first, first))


@pytest.mark.parametrize("kid", [ABSENT, None, 1, "", "a b", "a/b", "k" * 129])
def test_a_key_has_a_kid_that_a_token_can_name(kid: object) -> None:
    """R07: a key without a kid, or with one that no token may carry, is refused."""
    with pytest.raises(ValueError, match="kid"):
        load(signing_key().jwk | {"kid": kid})


@pytest.mark.parametrize(
    "changes",
    [{"use": "enc"}, {"use": None}, {"key_ops": ["sign"]}, {"key_ops": ["verify", "encrypt"]}, {"key_ops": "verify"}],
)
def test_a_key_for_another_use_is_refused(changes: dict[str, Any]) -> None:
    """R09: a key for encryption, or for operations other than verify, is refused."""
    with pytest.raises(ValueError, match="use"):
        load(signing_key().jwk | changes)


def test_use_and_key_ops_may_be_left_out() -> None:
    """R09: a key without a use is for signatures by its algorithm; undefined members are ignored."""
    assert len(load(signing_key().jwk | {"use": ABSENT, "x5t": "ignored"})) == 1
    assert len(load(signing_key().jwk | {"use": ABSENT, "key_ops": ["verify"]})) == 1


@pytest.mark.parametrize(
    "algorithm", [ABSENT, None, "", "none", "HS256", "RSA-OAEP", "ES521", "ES224", "es256", ["ES256"]]
)
def test_a_key_states_its_algorithm(algorithm: object) -> None:
    """R04, A3: without an algorithm of its own a key would let the token choose: it is refused."""
    with pytest.raises(ValueError, match="assume_algorithm"):
        load(signing_key().jwk | {"alg": algorithm})


def test_the_verifier_may_name_the_algorithm_of_a_provider_that_does_not() -> None:
    """R04: assume_algorithm binds keys without an algorithm, never overrides a stated one, and must fit the key."""
    key = signing_key("RS256")
    bound = load(key.jwk | {"alg": ABSENT}, assume_algorithm="PS256").get(key.kid)
    stated = load(key.jwk, assume_algorithm="PS256").get(key.kid)
    assert bound is not None
    assert stated is not None
    assert (bound.algorithm, stated.algorithm) == ("PS256", "RS256")
    for algorithm in ("ES256", "HS256", "none"):
        with pytest.raises(ValueError, match=r"alg"):
            load(key.jwk | {"alg": ABSENT}, assume_algorithm=algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_kty_and_crv_are_those_of_the_algorithm(algorithm: str) -> None:
    """R04, R09: for every other type of key or curve, the algorithm does not fit and the key is refused."""
    jwk = signing_key(algorithm).jwk
    for other in (
        {"kty": "oct"},
        {"kty": "rsa"},
        {"kty": None},
        {"crv": "P-224"},
        {"crv": "secp256k1"},
        {"crv": "Ed448"},
    ):
        with pytest.raises(ValueError, match="kty and crv"):
            load(jwk | other)
    for other_algorithm in ALGORITHMS:
        if other_algorithm[0] != algorithm[0] and {other_algorithm[0], algorithm[0]} != {"R", "P"}:
            with pytest.raises(ValueError, match="kty and crv"):
                load(jwk | {"alg": other_algorithm})


@pytest.mark.parametrize(
    ("algorithm", "members"), [("RS256", "ne"), ("ES256", "xy"), ("ES512", "xy"), ("Ed25519", "x")]
)
def test_key_material_has_one_spelling(algorithm: str, members: str) -> None:
    """R09: a member that is missing, not a string, padded, zero-extended, shortened or empty is refused."""
    jwk = signing_key(algorithm).jwk
    for member in members:
        octets = decode(jwk[member].encode()) or b""
        bad_values = (ABSENT, None, 1, "", jwk[member] + "=", "é", encode(b"\0" + octets), encode(octets[:-1]))
        for bad in bad_values:
            with pytest.raises(ValueError, match=r".+"):
                load(jwk | {member: bad})


def test_coordinates_may_not_lend_each_other_octets() -> None:
    """R09, RFC 7518 §6.2.1: x and y whose octets together are a good point, cut elsewhere, are refused."""
    jwk = signing_key().jwk
    point = (decode(jwk["x"].encode()) or b"") + (decode(jwk["y"].encode()) or b"")
    with pytest.raises(ValueError, match="right length"):
        load(jwk | {"x": encode(point[:31]), "y": encode(point[31:])})


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_point_that_is_not_on_the_curve_is_refused(algorithm: str) -> None:
    """R09, RFC 8725bis §3.4: a changed coordinate, and zero, are no points of the curve."""
    jwk = signing_key(algorithm).jwk
    octets = decode(jwk["y"].encode()) or b""
    for bad in (octets[:-1] + bytes([octets[-1] ^ 1]), bytes(len(octets))):
        with pytest.raises(ValueError, match="no point"):
            load(jwk | {"y": encode(bad)})


@pytest.mark.parametrize(
    ("bits", "accepted"), [(1024, False), (2047, False), (2048, True), (4096, True), (4097, False)]
)
def test_an_rsa_modulus_has_2048_to_4096_bits(bits: int, accepted: bool) -> None:
    """R09: moduli of 2048 and of 4096 bits are taken, shorter and longer ones are refused."""
    outcome(lambda: check_rsa(2**bits - 1, 65537), accepted)
    outcome(lambda: load(rsa_jwk(2**bits - 1, 65537)), accepted)


@pytest.mark.parametrize(
    ("exponent", "accepted"),
    [
        (1, False),
        (3, False),
        (65535, False),
        (65536, False),
        (65537, True),
        (65538, False),
        (65539, True),
        (2**32 + 1, False),
    ],
)
def test_an_rsa_exponent_is_odd_and_at_least_65537(exponent: int, accepted: bool) -> None:
    """R09: 1, 3, even and giant exponents are refused."""
    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    outcome(lambda: load(rsa_jwk(modulus, exponent)), accepted)


def test_an_even_modulus_is_refused() -> None:
    """R09: a modulus that 2 divides is refused."""
    outcome(lambda: check_rsa(2**2047 + 2, 65537), False)


def test_a_modulus_of_the_roca_generator_is_refused() -> None:
    """R09, CVE-2017-15361: a modulus that is a power of 65537 modulo every small prime is refused."""
    primes = [p for p in range(2, 168) if all(p % q for q in range(2, p))]
    assert dict(_ROCA_ORDERS) == {p: order_of_65537(p) for p in primes[1:] if order_of_65537(p) < p - 1}
    primorial = 1
    for prime in primes:
        primorial *= prime
    weak = pow(65537, 12345, primorial) + primorial * (2**2047 // primorial + 2)
    with pytest.raises(ValueError, match=r"^the RSA modulus comes from a broken generator \(ROCA, CVE-2017-15361\)$"):
        check_rsa(weak, 65537)
    outcome(lambda: check_rsa(weak + 2, 65537), True)


def test_a_point_off_edwards25519_or_of_small_order_is_refused() -> None:
    """R09, RFC 8032 §5.1.3: what is no point, spelled beyond p, or of order 1, 2, 4 or 8 is refused."""
    order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    negative = (P - int.from_bytes(bytes.fromhex(order_8), "little")).to_bytes(32, "little")
    small = [y.to_bytes(32, "little") for y in (0, 1, P - 1, *range(P, 2**255))] + [bytes.fromhex(order_8), negative]
    small += [encoded[:31] + bytes([encoded[31] | 0x80]) for encoded in small]
    for encoded in (*small, (2).to_bytes(32, "little"), b"\xff" * 32):
        outcome(lambda encoded=encoded: check_ed25519(encoded), False)  # type: ignore[misc]
    jwk = signing_key("Ed25519").jwk
    with pytest.raises(ValueError, match="small order"):
        load(jwk | {"x": encode((1).to_bytes(32, "little"))})
    for _ in range(20):
        check_ed25519(Ed25519PrivateKey.generate().public_key().public_bytes_raw())


def test_no_error_repeats_key_material() -> None:
    """ASVS 16.2.5: the error for a set with a private key in it can be logged."""
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"
    for changes in (
        {"d": secret},
        {"kid": secret + " "},
        {"alg": secret},
        {"x": secret},
        {"use": secret},
        {"kty": secret},
    ):
        with pytest.raises(ValueError, match=r"keys\[0\]") as error:
            load(signing_key().jwk | changes)
        assert "c2VjcmV0" not in repr(error.value)


def order_of_65537(prime: int) -> int:
    """Return the multiplicative order of 65537 modulo a prime."""
    return next(order for order in range(1, prime) if pow(65537, order, prime) == 1)


def rsa_jwk(modulus: int, exponent: int) -> dict[str, Any]:
    """Return the JWK of an RSA key."""
    return {"kty": "RSA", "kid": "k", "alg": "RS256", "n": number(modulus), "e": number(exponent)}


def outcome(call: Callable[[], object], accepted: bool) -> None:
    """Run the call; refused means ValueError."""
    if accepted:
        call()
        return
    with pytest.raises(ValueError, match=r"RSA|edwards25519|small order"):
        call()
