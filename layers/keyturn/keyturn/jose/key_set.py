"""A JSON Web Key Set (RFC 7517 §5), read strictly: one invalid key refuses the whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.jose.jwk import parse_jwk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keyturn.jose.verification_key import VerificationKey


class KeySet:
    """The keys of one issuer, by kid."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        """Raise ValueError for two keys with the same kid."""
        self._keys: dict[str, VerificationKey] = {}
        for key in keys:
            if key.kid in self._keys:
                raise ValueError("two keys of the JWKS have the same kid")
            self._keys[key.kid] = key

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, object], *, assume_algorithm: str | None = None) -> KeySet:
        """Return the keys of a JWK Set (RFC 7517 §5).

        `assume_algorithm` names the algorithm of every key that states none, for providers that leave it out. Raises
        ValueError for a set that holds a private, symmetric, weak, malformed or encryption key, or a kid twice.
        """
        entries = jwks.get("keys") if isinstance(jwks, dict) else None
        if not isinstance(entries, list):
            raise ValueError('a JWKS is a JSON object with a list "keys"')
        return cls(_parse_entry(entry, position, assume_algorithm) for position, entry in enumerate(entries))

    @property
    def kids(self) -> frozenset[str]:
        """The ids of all keys."""
        return frozenset(self._keys)

    def get(self, kid: str) -> VerificationKey | None:
        """Return the key with this kid, or None."""
        return self._keys.get(kid)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._keys)


def _parse_entry(entry: Mapping[str, object], position: int, assume_algorithm: str | None) -> VerificationKey:
    try:
        return parse_jwk(entry, assume_algorithm=assume_algorithm)
    except ValueError as error:
        raise ValueError(f"keys[{position}]: {error}") from None
