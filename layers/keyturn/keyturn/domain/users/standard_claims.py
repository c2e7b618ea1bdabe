"""The further standard claims of a profile (OIDC Core §5.1), with the types that the specification gives them."""

from __future__ import annotations

from collections.abc import Mapping

_TEXTS = frozenset(
    {
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "phone_number",
    }
)
# OIDC Core §5.1.1
_ADDRESS = frozenset({"formatted", "street_address", "locality", "region", "postal_code", "country"})
_MAX_TEXT = 1000


def check_standard_claims(claims: Mapping[str, object]) -> None:
    """Raise ValueError for a claim that a profile cannot have; the message has the claim's name without its value."""
    for name, value in claims.items():
        if name == "phone_number_verified":
            holds = isinstance(value, bool)
        elif name == "address":
            holds = isinstance(value, Mapping) and value.keys() <= _ADDRESS and all(map(_is_text, value.values()))
        elif name in _TEXTS:
            holds = _is_text(value)
        else:
            raise ValueError("a profile has no claim of this name: name, email and locale are fields of their own")
        if not holds:
            raise ValueError(f"the standard claim {name} has another type, is empty, or is too long (OIDC Core §5.1)")


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_TEXT
        and not any("\ud800" <= each <= "\udfff" for each in value)
    )
