"""The further standard claims of a profile (OIDC Core §5.1)."""

from __future__ import annotations

import pytest

from keyturn.domain.users.standard_claims import check_standard_claims


def test_claims_of_the_specification_are_taken() -> None:
    """A profile has the claims of OIDC Core §5.1 with their types."""
    check_standard_claims(
        {
            "given_name": "Ada",
            "phone_number": "+49 30 1234",
            "phone_number_verified": False,
            "address": {"country": "DE", "locality": "Berlin"},
            "zoneinfo": "Europe/Berlin",
        }
    )
    check_standard_claims({})


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "u_x"},
        {"email": "ada@example.com"},
        {"email_verified": True},
        {"name": "Ada"},
        {"updated_at": 1},
        {"role": "admin"},
        {"given_name": ""},
        {"given_name": 7},
        {"given_name": "x" * 1001},
        {"given_name": "\ud800"},
        {"phone_number_verified": "true"},
        {"address": "Berlin"},
        {"address": {"planet": "Earth"}},
        {"address": {"country": 7}},
    ],
)
def test_other_claims_are_refused_without_their_value(claims: dict[str, object]) -> None:
    """A claim of another name or type is refused, and its value is not repeated."""
    with pytest.raises(ValueError, match=r"profile|standard claim") as refusal:
        check_standard_claims(claims)
    assert "Berlin" not in str(refusal.value)
    assert "Ada" not in str(refusal.value)
