"""The configuration of a verifier: a mistake in it raises ValueError at start instead of a TokenError later."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from keyturn.jose.algorithms import ALGORITHM_NAMES

if TYPE_CHECKING:
    from collections.abc import Set
    from typing import Final, Literal

MAX_LEEWAY = 60
MAX_LIFETIME = 366 * 86_400  # a year: a longer one is a mistake in its unit


class _AnyAudience(enum.Enum):
    ANY_AUDIENCE = "any audience"


# For the issuer alone, which checks its own tokens at revocation and introspection. A resource server that accepts any
# audience would accept tokens that were issued for another one.
ANY_AUDIENCE: Final = _AnyAudience.ANY_AUDIENCE


class VerificationPolicy:
    """The rules for one issuer's access tokens (RFC 9068 §4); its values never come from a token or a request.

    `leeway` in seconds (0 to 60) for the clocks' difference; `max_lifetime` in seconds, the longest exp - iat;
    `previous_issuers` are accepted too, while the issuer's URL changes.
    """

    __slots__ = ("algorithms", "audiences", "issuers", "leeway", "max_lifetime")

    def __init__(  # one argument for each rule, by name: a bag of options would hide which one is missing
        self,
        *,
        issuer: str,
        audiences: Set[str] | Literal[_AnyAudience.ANY_AUDIENCE],
        algorithms: Set[str],
        leeway: int = 10,
        max_lifetime: int = 3600,
        previous_issuers: Set[str] = frozenset(),
    ) -> None:
        """Raise ValueError for an invalid rule."""
        self.issuers = checked_strings("issuer", {issuer}) | checked_strings("previous_issuers", previous_issuers)
        self.audiences = audiences if audiences is ANY_AUDIENCE else checked_strings("audiences", audiences, at_least=1)
        self.algorithms = checked_algorithms(algorithms)
        self.leeway = checked_seconds("leeway", leeway, 0, MAX_LEEWAY)
        self.max_lifetime = checked_seconds("max_lifetime", max_lifetime, 1, MAX_LIFETIME)


def checked_strings(name: str, values: Set[str], *, at_least: int = 0) -> frozenset[str]:
    """Return the values as a frozenset; a str is refused, since it would count as a set of its characters."""
    if not isinstance(values, (set, frozenset)) or len(values) < at_least:
        raise ValueError(f"{name} is a set of at least {at_least} strings")
    if not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"{name} holds non-empty strings only")
    return frozenset(values)


def checked_algorithms(names: Set[str]) -> frozenset[str]:
    """Return the names of algorithms that Keyturn knows, at least one; raises ValueError."""
    algorithms = checked_strings("algorithms", names, at_least=1)
    if not algorithms <= ALGORITHM_NAMES:
        raise ValueError(f"algorithms are among {', '.join(sorted(ALGORITHM_NAMES))}")
    return algorithms


def checked_seconds(name: str, value: int, least: int, most: int) -> int:
    """Return a whole number of seconds within bounds; raises ValueError that names it."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is {least} to {most} whole seconds")
    return value
