"""Values of custom claims: what a client is registered with, or a login says of a user, for resource servers."""

from __future__ import annotations

from collections.abc import Mapping

from keyturn.domain.clients.resource_server import check_claim_name

# Beyond it parsers of JSON disagree about a number (RFC 7493 §2.2).
_MAX_INTEGER = 2**53 - 1


def check_claims(claims: Mapping[str, object]) -> None:
    """Raise ValueError unless all are stored as they are, and mean the same to whoever reads a token."""
    for name, value in claims.items():
        check_claim_name(name)
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is_claim_value(each) for each in values):
            raise ValueError(
                f"the claim {name} is a string, a whole number of at most 53 bits, true or false, or a list of those"
            )


def _is_claim_value(value: object) -> bool:
    if isinstance(value, str):
        # A lone surrogate stands for no character: no store takes it, and no verifier.
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int) and -_MAX_INTEGER <= value <= _MAX_INTEGER
