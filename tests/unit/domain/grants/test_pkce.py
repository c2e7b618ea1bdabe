"""Proof Key for Code Exchange, by S256."""

from __future__ import annotations

import pytest

from keyturn.domain.grants.pkce import challenge_of, is_challenge


def test_the_example_of_the_rfc() -> None:
    """R31: RFC 7636 appendix B."""
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert is_challenge(challenge)


@pytest.mark.parametrize("verifier", ["a" * 43, "a" * 128, "-._~" * 11])
def test_a_verifier_is_unreserved_characters(verifier: str) -> None:
    """R31: 43 to 128 of them, both ends included."""
    assert is_challenge(challenge_of(verifier))


@pytest.mark.parametrize(
    "verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "=", "a" * 42 + " ", "a" * 43 + "\n", "é" * 43]
)
def test_anything_else_is_no_verifier(verifier: str) -> None:
    """R31: a verifier that no client may send is refused before it is compared."""
    with pytest.raises(ValueError, match="43 to 128"):
        challenge_of(verifier)


@pytest.mark.parametrize(
    "challenge", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "a" * 43 + "\n", "plain"]
)
def test_a_challenge_is_a_digest(challenge: str) -> None:
    """R31: a challenge of another form than S256's is none."""
    assert not is_challenge(challenge)
