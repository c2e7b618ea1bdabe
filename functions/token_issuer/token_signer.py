"""Signs tokens with the ring's active key, and survives the key's end between two reads of the ring."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.domain.errors import KeyUnusable
from keyturn.domain.keys.key_ring import RingKey
from keyturn.jose.remote_algorithm import encode_access_token
from keyturn.observability import log_event
from token_issuer.errors import TokenTooLarge
from token_issuer.key_ring_cache import KeyRingCache

if TYPE_CHECKING:
    from keyturn.ports import Signer

# In bytes: KMS takes no longer message as it is, and Ed25519 signs no other.
MAX_SIGNING_INPUT = 4096


class SignedToken(NamedTuple):
    """A token in its compact form, and the kid of the key that signed it."""

    value: str
    kid: str


class _BoundKey:
    """One key of the ring as the remote key that the encoder wants."""

    __slots__ = ("_key", "_signer")

    def __init__(self, key: RingKey, signer: Signer) -> None:
        self._key = key
        self._signer = signer

    def sign(self, signing_input: bytes) -> bytes:
        if len(signing_input) > MAX_SIGNING_INPUT:
            raise TokenTooLarge(len(signing_input), limit=MAX_SIGNING_INPUT)
        return self._signer.sign(self._key.arn, self._key.algorithm, signing_input)


class TokenSigner:
    """Signs with whichever key is active."""

    def __init__(self, ring: KeyRingCache, signer: Signer) -> None:
        """Take the view of the ring and the port to KMS."""
        self._ring = ring
        self._signer = signer

    def sign(
        self,
        claims: dict[str, Any],
        *,
        ring: str,
        compromised_kids: Set[str],
        encode: Callable[..., str] = encode_access_token,
    ) -> SignedToken:
        """Return the token, signed with the active key of the ring: an access token, or what `encode` makes.

        A key that KMS refuses, or that an emergency has named meanwhile, means that our view of the ring is outdated:
        it is read again and the token signed once more (I8, I10). Raises KeyUnusable when that does not help, and
        TokenTooLarge before KMS is asked.
        """
        key = self._ring.ring(ring).active()
        try:
            return self._sign_with(key, claims, compromised_kids, encode)
        except KeyUnusable as error:
            log_event("WARN", "active_key_unusable", kid=key.kid, fault=str(error))
        return self._sign_with(self._ring.reload(ring).active(), claims, compromised_kids, encode)

    def _sign_with(
        self, key: RingKey, claims: dict[str, Any], compromised_kids: Set[str], encode: Callable[..., str]
    ) -> SignedToken:
        if key.kid in compromised_kids:
            raise KeyUnusable(f"key {key.kid} is compromised")
        remote_key = _BoundKey(key, self._signer)
        return SignedToken(encode(claims, algorithm=key.algorithm, kid=key.kid, key=remote_key), key.kid)
