"""Reads an id_token_hint (OIDC Core §3.1.2.1): who a client believes is logged in."""

from __future__ import annotations

from keyturn.domain.clients.client import Client
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.jose import TokenError
from keyturn.jose.id_token import IdTokenPolicy, verify_id_token_hint
from keyturn.web.request import Request
from token_issuer.errors import InvalidRequest
from token_issuer.key_ring_cache import KeyRingCache


class IdTokenHints:
    """Reads ID tokens of this issuer, whatever their age, for the client that they were given to."""

    def __init__(self, issuer: str, ring: KeyRingCache) -> None:
        """Take the issuer identifier and its keys."""
        self._issuer = issuer
        self._ring = ring

    def read(self, raw: str | None, client: Client, request: Request) -> str | None:
        """Return the user's subject, None without a hint; raises InvalidRequest, and the log learns why."""
        if raw is None:
            return None
        policy = IdTokenPolicy(
            issuer=self._issuer, client_id=client.client_id, algorithms=frozenset(SIGNING_ALGORITHMS)
        )
        try:
            return verify_id_token_hint(raw, self._ring.keys(), policy).subject
        except TokenError as error:
            request.note(reason=error.reason.value)
            raise InvalidRequest("id_token_hint is no ID token of this client's, or its key is gone") from None
