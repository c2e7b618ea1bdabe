"""PyJWT writes tokens that a key elsewhere signs (RFC 7515 §5.1)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from keyturn.jose import verify_access_token
from keyturn.jose.remote_algorithm import RemoteAlgorithm
from tests.fakes.token_factory import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    good_claims,
    good_header,
    key_set,
    policy,
    signing_key,
)


@pytest.fixture
def registered() -> Iterator[None]:
    """Register the algorithms for PyJWT's own functions, which a test process shares with all its tests."""
    before: Any = {name: jwt.get_algorithm_by_name(name) for name in ALGORITHMS if name != "Ed25519"}
    for name in ALGORITHMS:
        if name in before:
            jwt.unregister_algorithm(name)
        jwt.register_algorithm(name, RemoteAlgorithm(name))
    yield
    for name in ALGORITHMS:
        jwt.unregister_algorithm(name)
        if name in before:
            jwt.register_algorithm(name, before[name])


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_pyjwt_encodes_with_a_remote_key_verifies(algorithm: str) -> None:
    """Public interface: jwt.encode signs by a remote key, and our verifier and jwt.decode accept the token."""
    key = signing_key(algorithm)
    raw = jwt.encode(good_claims(), key, algorithm, good_header(key))  # type: ignore[arg-type]  # PyJWT names its own keys
    assert verify_access_token(raw, key_set(key), policy(), now=NOW).claims == good_claims()
    if algorithm != "Ed25519":  # PyJWT knows the older name alone
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
        published = jwt.PyJWK(key.jwk)
        claims = jwt.decode(raw, published, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER, options=options)
        assert claims == good_claims()


def test_any_user_of_pyjwt_can_register_it() -> None:
    """Public interface: a PyJWS of one's own signs with a remote key, whatever its payload."""
    jws = jwt.PyJWS(algorithms=[])
    jws.register_algorithm("ES256", RemoteAlgorithm("ES256"))
    key = signing_key("ES256")
    raw = jws.encode(b"payload", key, "ES256")  # type: ignore[arg-type]  # PyJWT names the keys of its own algorithms only
    assert jwt.PyJWS().decode(raw, jwt.PyJWK(key.jwk), algorithms=["ES256"]) == b"payload"


@pytest.mark.parametrize("name", ["HS256", "none", "EdDSA", ""])
def test_only_fully_specified_asymmetric_algorithms_sign(name: str) -> None:
    """R04, A1: HMAC, none and names without a curve are refused."""
    with pytest.raises(ValueError, match="algorithm"):
        RemoteAlgorithm(name)


def test_a_key_that_cannot_sign_is_refused() -> None:
    """Public interface: a PEM text, bytes or None in the place of a remote key is PyJWT's InvalidKeyError."""
    for key in ("-----BEGIN PRIVATE KEY-----", b"key", None):
        with pytest.raises(jwt.InvalidKeyError):
            RemoteAlgorithm("RS256").prepare_key(key)  # type: ignore[arg-type]


def test_verifying_and_exporting_are_left_to_the_public_half() -> None:
    """Public interface: a remote key neither verifies nor becomes a JWK."""
    algorithm = RemoteAlgorithm("RS256")
    with pytest.raises(NotImplementedError):
        algorithm.verify(b"", signing_key(), b"")
    with pytest.raises(NotImplementedError):
        RemoteAlgorithm.to_jwk(signing_key())
    with pytest.raises(NotImplementedError):
        RemoteAlgorithm.from_jwk("{}")


def test_without_pyjwt_the_import_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without the extra gets one sentence, with what to type."""
    for name in ("jwt", "jwt.algorithms", "jwt.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "keyturn.jose.remote_algorithm")
    with pytest.raises(ModuleNotFoundError, match="needs the extra sign") as error:
        importlib.import_module("keyturn.jose.remote_algorithm")
    assert error.value.name in ("jwt", "jwt.algorithms")
