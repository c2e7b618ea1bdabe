"""Keys of a JWKS that this version does not know: they neither decide nor stop the others."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.verifier import JwksUnavailable, JwksVerifier, TokenError, TokenErrorReason
from tests.fakes.jwks_site import JwksSite
from tests.fakes.token_factory import AUDIENCE, make_token, signing_key
from tests.fakes.two_clocks import TwoClocks

GOOD = signing_key().jwk
FOREIGN: dict[str, dict[str, Any]] = {
    "a type of a later RFC": {"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "AQAB"},
    "another curve": {"kty": "EC", "crv": "secp256k1", "alg": "ES256K", "kid": "new", "x": "AQAB", "y": "AQAB"},
    "an algorithm for encryption": {"kty": "RSA", "alg": "RSA-OAEP-256", "kid": "new", "n": "AQAB", "e": "AQAB"},
    "a key for encryption": GOOD | {"kid": "new", "use": "enc"},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_key_of_another_kind_is_ignored(site: JwksSite, clocks: TwoClocks, name: str) -> None:
    """RFC 7517 §5: an issuer that publishes a key of a later algorithm causes no outage, and that key is unknown."""
    site.keys = {"keys": [FOREIGN[name], GOOD]}
    verifier = JwksVerifier(site.origin, AUDIENCE, clock=clocks)
    assert verifier.verify(site.token(signing_key())).kid == GOOD["kid"]
    with pytest.raises(TokenError) as error:
        verifier.verify(make_token(header={"kid": "new"}, claims={"iss": site.origin}))
    assert error.value.reason is TokenErrorReason.UNKNOWN_KEY


def test_a_set_without_a_known_key_is_an_outage(site: JwksSite, clocks: TwoClocks) -> None:
    """A verifier that is too old for all keys says so, and refuses no token for good."""
    site.keys = {"keys": [*FOREIGN.values()]}
    with pytest.raises(JwksUnavailable, match="no key of a kind that this version knows"):
        JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))


@pytest.mark.parametrize("entry", [{"kty": "oct", "alg": "HS256", "kid": "a", "k": "c2VjcmV0"}, "text", None, {}])
def test_a_secret_or_no_key_at_all_refuses_the_set(site: JwksSite, clocks: TwoClocks, entry: object) -> None:
    """R09: an issuer that publishes a secret is not trusted, and neither is one whose list holds other things."""
    site.keys = {"keys": [GOOD, entry]}
    with pytest.raises(JwksUnavailable, match=r"keys\[1\]"):
        JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))
