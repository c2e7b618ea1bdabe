"""Reads a refresh token that a client presents about itself: at revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

import hmac
import math
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import Grant, RefreshState
from keyturn.domain.grants.grant_credentials import RefreshToken, parse_refresh_token
from keyturn.domain.revocations.revocation import ends_grant, grant_targets

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore, RevocationReader


_NO_HASH = "-" * 64


class PresentedRefreshToken(NamedTuple):
    """A grant, its refresh tokens, and the one of them that was presented, current or not."""

    grant: Grant
    refresh: RefreshState
    token: RefreshToken


class PresentedRefreshTokens:
    """Finds the grant of a refresh token, for the client that it was given to alone."""

    def __init__(self, grants: GrantStore, revocations: RevocationReader, clock: Clock) -> None:
        """Take the ports."""
        self._grants = grants
        self._revocations = revocations
        self._clock = clock

    def find(self, value: str, client: Client) -> PresentedRefreshToken | None:
        """Return the grant that a value is a refresh token of, or None; a stranger to it learns nothing."""
        token = parse_refresh_token(value)
        grant = None if token is None else self._grants.get(token.gid)
        refresh = None if grant is None else grant.refresh
        if token is None:
            return None
        # Hashed and compared whoever's it is, and if it is nobody's: the same work for all.
        proof_hash = _NO_HASH if refresh is None else refresh.proof_hash
        proved = hmac.compare_digest(proof_hash, token.proof_hash)
        if grant is None or refresh is None or grant.client_id != client.client_id or not proved:
            return None
        return PresentedRefreshToken(grant, refresh, token)

    def is_active(self, found: PresentedRefreshToken, client: Client) -> bool:
        """Tell whether its client could use the token now: the current one, in time, of a grant that nobody ended."""
        grant, refresh, token = found
        if "refresh_token" not in client.grant_types:
            return False
        if not hmac.compare_digest(refresh.current_hash, token.secret_hash):
            return False
        targets = grant_targets(
            subject=grant.subject, client_id=grant.client_id, grant_id=grant.gid, session_id=grant.session_id
        )
        ended = ends_grant(self._revocations.find(targets), grant.created_at)
        return not ended and not refresh.is_over(math.ceil(self._clock.now().latest))
