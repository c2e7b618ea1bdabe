"""Reads the id_token_hint of a logout (OpenID Connect RP-Initiated Logout 1.0 §2), whatever its age."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.client import is_client_id
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS, to_jwks
from keyturn.jose import KeySet, TokenError
from keyturn.jose.compact import UnverifiedToken
from keyturn.jose.id_token import IdTokenPolicy, verify_id_token_hint
from keyturn.jose.strict_json import parse_object
from keyturn.web.request import Request

if TYPE_CHECKING:
    from keyturn.ports import KeyRingReader


class IdTokenHint(NamedTuple):
    """The signed facts of a hint; no proof that anybody is here."""

    client_id: str
    subject: str
    session_id: str | None


class IdTokenHints:
    """Verifies hints with the issuer's public keys."""

    def __init__(self, issuer: str, rings: KeyRingReader) -> None:
        self._issuer = issuer
        self._rings = rings

    def read(self, request: Request, raw: str | None, client_id: str | None) -> IdTokenHint | None:
        """Return the facts, or None without a hint of this issuer for this client.

        Without a client id the token names it: the signature decides afterwards whether that is true.
        """
        if raw is None:
            return None
        try:
            named = client_id or _named_client(raw)
            if named is None or not is_client_id(named):
                return None
            policy = IdTokenPolicy(issuer=self._issuer, client_id=named, algorithms=frozenset(SIGNING_ALGORITHMS))
            token = verify_id_token_hint(raw, self._keys(), policy)
        except TokenError as error:
            request.note(reason=error.reason.value)
            return None
        session_id = token.claims.get("sid")
        return IdTokenHint(named, token.subject, session_id if isinstance(session_id, str) else None)

    def _keys(self) -> KeySet:
        try:
            return KeySet.from_jwks(to_jwks(self._rings.load_all()))
        except ValueError as error:
            raise ItemDamaged(f"the key rings: {error}") from None


def _named_client(raw: str) -> str | None:
    """Return the client that an unverified ID token names (azp, or the only aud); raises TokenError."""
    claims = parse_object(UnverifiedToken(raw).payload()) or {}
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        [audience] = audience
    named = claims.get("azp", audience)
    return named if isinstance(named, str) else None
