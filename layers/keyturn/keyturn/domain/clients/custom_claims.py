"""Values of custom claims for resource servers, which an operator registers for a client or sets for a user."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.domain.access.declared_claims import MAX_INTEGER
from keyturn.domain.clients.resource_server import check_claim_name


def check_claims(claims: Mapping[str, object]) -> None:
    """Raise ValueError unless every reader of a token gets the same values that are stored."""
    for name, value in claims.items():
        check_claim_name(name)
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is_claim_value(each) for each in values):
            raise ValueError(f"the claim {name} is a string, a 53-bit integer, true, false, or a list of those")


def _is_claim_value(value: object) -> bool:
    if isinstance(value, str):
        # A lone surrogate is not a character: stores and verifiers refuse it.
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER
