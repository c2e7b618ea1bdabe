"""A signature counts only from the key that the kid names, with the one algorithm that it is bound to (R04, R08)."""

from __future__ import annotations

from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keyturn.domain.base64url import decode, encode
from keyturn.jose import KeySet, TokenError, TokenErrorReason, verify_access_token, verify_jws
from keyturn.jose.ecdsa_signature import CURVES, from_der, to_der
from keyturn.jose.verification_key import VerificationKey
from tests.fakes.token_factory import ALGORITHMS, NOW, SigningKey, key_set, make_token, policy, signing_key

ALL = frozenset({*ALGORITHMS, "EdDSA"})
SAME = {*zip(ALGORITHMS, ALGORITHMS, strict=True), ("Ed25519", "EdDSA")}


def refusal(token: str, *keys: SigningKey) -> TokenErrorReason:
    """Return why a token is refused."""
    with pytest.raises(TokenError) as error:
        verify_jws(token, key_set(*keys), ALL)
    return error.value.reason


def with_signature(token: str, signature: bytes) -> str:
    """Return the token with another signature."""
    return f"{token.rpartition('.')[0]}.{encode(signature)}"


def signature_of(token: str) -> bytes:
    """Return the token's signature."""
    return decode(token.rpartition(".")[2].encode()) or b""


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_verifies(algorithm: str) -> None:
    """R04: each algorithm that Keyturn knows verifies a token of its own key."""
    key = signing_key(algorithm)
    token = verify_access_token(make_token(key=key), key_set(key), policy(algorithms={algorithm}), now=NOW)
    assert token.kid == key.kid


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_changed_bit_is_refused(algorithm: str) -> None:
    """R08: a token whose signature, payload or header differs in one bit is refused."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    good = signature_of(token)
    for position in (0, len(good) // 2, len(good) - 1):
        bad = bytearray(good)
        bad[position] ^= 1
        assert refusal(with_signature(token, bytes(bad)), key) is TokenErrorReason.INVALID_SIGNATURE
    other = make_token(key=key, claims={"sub": "u_ffffffffffffffffffffffffffffffff"})
    assert refusal(with_signature(other, good), key) is TokenErrorReason.INVALID_SIGNATURE
    retyped = make_token(key=key, header={"typ": "application/at+jwt"})
    assert refusal(with_signature(retyped, good), key) is TokenErrorReason.INVALID_SIGNATURE


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_has_exactly_one_length(algorithm: str) -> None:
    """R08, A9: a signature that is shorter, longer, zero-padded or stripped of a leading zero is refused."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    good = signature_of(token)
    for bad in (good[:-1], good[1:], good + b"\0", b"\0" + good, good * 2, b"\0", good[: len(good) // 2]):
        assert refusal(with_signature(token, bad), key) is TokenErrorReason.INVALID_SIGNATURE


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_s_may_not_be_padded(algorithm: str) -> None:
    """R08, A9: r and s of the right values, s with a zero before it, are a second spelling: refused by their length."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    good = signature_of(token)
    half = len(good) // 2
    padded = good[:half] + b"\0" + good[half:]
    assert refusal(with_signature(token, padded), key) is TokenErrorReason.INVALID_SIGNATURE


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_a_der_signature_is_refused(algorithm: str) -> None:
    """R08, A9: the signature as KMS gives it, before it is converted, is refused."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    der = key.sign(token.rpartition(".")[0].encode())
    assert refusal(with_signature(token, der), key) is TokenErrorReason.INVALID_SIGNATURE


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_r_and_s_lie_strictly_between_zero_and_the_order(algorithm: str) -> None:
    """R08, A8: zero, the order and beyond, in r or in s, never verify."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    size, order = CURVES[algorithm]
    for r in (0, 1, order - 1, order, order + 1, 2 ** (8 * size) - 1):
        for s in (0, order, order + 1, 2 ** (8 * size) - 1, 1):
            bad = r.to_bytes(size, "big") + s.to_bytes(size, "big")
            assert refusal(with_signature(token, bad), key) is TokenErrorReason.INVALID_SIGNATURE


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_the_mirrored_signature_is_the_same_token(algorithm: str) -> None:
    """A10: (r, n - s) verifies, and carries the same jti: that, never the text, is what a revocation names."""
    key = signing_key(algorithm)
    token = make_token(key=key)
    size, order = CURVES[algorithm]
    good = signature_of(token)
    mirrored = good[:size] + (order - int.from_bytes(good[size:], "big")).to_bytes(size, "big")
    other = with_signature(token, mirrored)
    assert other != token
    verified = [verify_access_token(text, key_set(key), policy(), now=NOW) for text in (token, other)]
    assert verified[0].jti == verified[1].jti


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_the_range_of_r_and_s_is_ours_to_check(algorithm: str) -> None:
    """R08, A8: 1 to n - 1 convert both ways; 0 and n are refused before any library sees them."""
    size, order = CURVES[algorithm]
    for r, s, accepted in ((1, 1, True), (order - 1, order - 1, True), (0, 1, False), (1, 0, False)):
        assert converts(r, s, size, algorithm) == accepted
    for r, s in ((order, 1), (1, order), (order, order), (0, 0)):
        assert not converts(r, s, size, algorithm)


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_numbers_of_any_length_convert(algorithm: str) -> None:
    """R08: r and s with zeros in front, or with their first bit set, are the DER that cryptography writes."""
    size, order = CURVES[algorithm]
    numbers = [number for bits in range(order.bit_length()) for number in (1 << bits, (1 << bits) + 1, (2 << bits) - 1)]
    for r, s in zip(numbers[:-1], reversed(numbers[:-1]), strict=True):
        assert converts(r, s, size, algorithm)


@pytest.mark.parametrize("first", range(1, 256))
def test_only_zeros_in_front_are_left_out(first: int) -> None:
    """R08: the first octet of a number stays, with zeros before it or without."""
    for zeros in (1, 2):
        number = int.from_bytes(bytes([first, 0, 1]).ljust(32 - zeros, b"\x01"), "big")
        assert converts(number, number, 32, "ES256")


@pytest.mark.parametrize("octets", range(60, 64))
def test_the_length_of_der_has_one_form(octets: int) -> None:
    """R08: X.690 §10.1: the length of both numbers takes one octet up to 127, two from 128 on."""
    number = (1 << (8 * octets - 1)) - 1
    assert converts(number, number, 66, "ES512")


def converts(r: int, s: int, size: int, algorithm: str) -> bool:
    """Return whether r and s convert to DER; both directions have to agree."""
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    der = encode_dss_signature(r, s)
    try:
        back = from_der(der, algorithm)
    except ValueError:
        back = None
    assert (to_der(raw, algorithm), back) in ((der, raw), (None, None))
    return back is not None


def test_the_orders_are_those_of_the_curves() -> None:
    """R08: the bounds of r and s are the group orders that cryptography knows."""
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    assert {name: order for name, (_, order) in CURVES.items()} == {n: c.group_order for n, c in curves.items()}


@pytest.mark.parametrize(("algorithm", "header_algorithm"), sorted(set(product(ALGORITHMS, ALL)) - SAME))
def test_a_key_verifies_with_its_own_algorithm_alone(algorithm: str, header_algorithm: str) -> None:
    """R04, A3, A4: a token that names any other algorithm than the key's is refused, well signed or not."""
    key = signing_key(algorithm)
    token = make_token(key=key, header={"alg": header_algorithm})
    assert refusal(token, key) is TokenErrorReason.ALGORITHM_MISMATCH


def test_a_signature_of_another_key_of_the_set_is_refused() -> None:
    """R04, A4: a token that another key of the set signed, under this key's kid, is refused."""
    first, second, rsa = signing_key(), signing_key("ES256", "second"), signing_key("RS256")
    token = make_token(key=second, header={"kid": first.kid})
    assert refusal(token, first, second, rsa) is TokenErrorReason.INVALID_SIGNATURE
    token = make_token(key=rsa, header={"kid": first.kid})
    assert refusal(token, first, second, rsa) is TokenErrorReason.ALGORITHM_MISMATCH


def test_the_policy_chooses_among_the_keys_algorithms() -> None:
    """R04: a good token of a known key is refused where the policy does not list its algorithm."""
    key = signing_key("RS512")
    with pytest.raises(TokenError) as error:
        verify_access_token(make_token(key=key), key_set(key), policy(algorithms={"RS256", "ES256"}), now=NOW)
    assert error.value.reason is TokenErrorReason.ALGORITHM_NOT_ALLOWED


def test_both_names_of_ed25519_verify_where_both_are_allowed() -> None:
    """RFC 9864 §2.2: the older name EdDSA names the same algorithm, in a token and in a JWK; each has to be allowed."""
    key = signing_key("Ed25519")
    old_set = KeySet.from_jwks({"keys": [key.jwk | {"alg": "EdDSA"}]})
    tokens = {name: make_token(key=key, header={"alg": name}) for name in ("Ed25519", "EdDSA")}
    for keys in (key_set(key), old_set):
        for name, token in tokens.items():
            assert verify_jws(token, keys, frozenset({name}))
            with pytest.raises(TokenError):
                verify_jws(token, keys, frozenset(tokens) - {name})


@pytest.mark.parametrize("algorithm", sorted(CURVES))
def test_a_der_signature_comes_back_as_r_and_s(algorithm: str) -> None:
    """RFC 7518 §3.4: KMS's encoding converts to fixed length, with its zeros, and nonsense is a ValueError."""
    size, order = CURVES[algorithm]
    assert from_der(bytes.fromhex("3006020101020102"), algorithm) == (1).to_bytes(size, "big") + (2).to_bytes(
        size, "big"
    )
    for bad in (b"", b"\x30", b"\x01" * 64, bytes.fromhex("3006020100020101"), bytes.fromhex("300602010102010200")):
        with pytest.raises(ValueError, match=r".*"):
            from_der(bad, algorithm)
    if algorithm == "ES256":
        with pytest.raises(ValueError, match="curve"):
            from_der(signing_key("ES512").sign(b"x"), algorithm)
    assert order.bit_length() <= 8 * size


def test_a_key_of_no_kind_verifies_nothing() -> None:
    """R08: a kind of key that forgets to say what a good signature is accepts none."""
    with pytest.raises(TokenError) as error:
        VerificationKey("k", "ES256").verify(b"signing input", b"signature")
    assert error.value.reason is TokenErrorReason.INVALID_SIGNATURE
