"""Signs tokens with the ring's active key, and retries if the cached ring is outdated."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.domain.clients.token_size import MAX_SIGNING_INPUT
from keyturn.domain.errors import KeyUnusable
from keyturn.domain.keys.key_ring import RingKey
from keyturn.jose.jws_encoder import encode_access_token
from keyturn.observability import log_event
from token_issuer.errors import TokenTooLarge
from token_issuer.key_ring_cache import KeyRingCache

if TYPE_CHECKING:
    from keyturn.ports import Signer


class SignedToken(NamedTuple):
    """A token in its compact form, and the kid of the key that signed it."""

    value: str
    kid: str


class _BoundKey:
    """One key of the ring as the encoder's remote key."""

    __slots__ = ("_key", "_signer")

    def __init__(self, key: RingKey, signer: Signer) -> None:
        self._key = key
        self._signer = signer

    def sign(self, signing_input: bytes) -> bytes:
        if len(signing_input) > MAX_SIGNING_INPUT:
            raise TokenTooLarge(len(signing_input), limit=MAX_SIGNING_INPUT)
        return self._signer.sign(self._key.arn, self._key.algorithm, signing_input)


class TokenSigner:
    """Signs with the active key."""

    def __init__(self, ring: KeyRingCache, signer: Signer) -> None:
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
        """Return the token that `encode` makes, an access token by default, signed with the active key of the ring.

        The cached ring is outdated if KMS refuses its key or an emergency has revoked the key. The ring is then read
        again, and the token signed once more (invariants I8, I10). Raises KeyUnusable if the second key fails too, and
        TokenTooLarge before any call of KMS.
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
