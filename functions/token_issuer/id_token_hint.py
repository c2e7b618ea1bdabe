"""Reads an id_token_hint (OIDC Core §3.1.2.1): the user whom the client expects."""

from __future__ import annotations

from keyturn.domain.clients.client import Client
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.jose import TokenError
from keyturn.jose.id_token import IdTokenPolicy, verify_id_token_hint
from keyturn.web.request import Request
from token_issuer.errors import InvalidRequest
from token_issuer.key_ring_cache import KeyRingCache


class IdTokenHints:
    """Reads ID tokens of this issuer, expired ones too, for the client that they were issued to."""

    def __init__(self, issuer: str, ring: KeyRingCache) -> None:
        self._issuer = issuer
        self._ring = ring

    def read(self, raw: str | None, client: Client, request: Request) -> str | None:
        """Return the subject of the hint, or None without a hint; raises InvalidRequest, and logs the reason."""
        if raw is None:
            return None
        policy = IdTokenPolicy(
            issuer=self._issuer, client_id=client.client_id, algorithms=frozenset(SIGNING_ALGORITHMS)
        )
        try:
            return verify_id_token_hint(raw, self._ring.keys(), policy).subject
        except TokenError as error:
            request.note(reason=error.reason.value)
            raise InvalidRequest("id_token_hint is not an ID token of this client, or its key is gone") from None
