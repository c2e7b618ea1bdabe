"""Reads a refresh token that its client presents at revocation (RFC 7009) or introspection (RFC 7662)."""

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
    """A grant, its refresh state, and the refresh token that was presented, current or not."""

    grant: Grant
    refresh: RefreshState
    token: RefreshToken


class PresentedRefreshTokens:
    """Finds the grant of a refresh token, for the client of that grant only."""

    def __init__(self, grants: GrantStore, revocations: RevocationReader, clock: Clock) -> None:
        self._grants = grants
        self._revocations = revocations
        self._clock = clock

    def find(self, value: str, client: Client) -> PresentedRefreshToken | None:
        """Return the grant of a refresh token, or None; another client gets None too."""
        token = parse_refresh_token(value)
        grant = None if token is None else self._grants.get(token.gid)
        refresh = None if grant is None else grant.refresh
        if token is None:
            return None
        # Hashed and compared for every token: an unknown token costs as much as another client's.
        proof_hash = _NO_HASH if refresh is None else refresh.proof_hash
        proved = hmac.compare_digest(proof_hash, token.proof_hash)
        if grant is None or refresh is None or grant.client_id != client.client_id or not proved:
            return None
        return PresentedRefreshToken(grant, refresh, token)

    def is_active(self, found: PresentedRefreshToken, client: Client) -> bool:
        """Return whether the client could use the token now: it is current, unexpired, and its grant is not revoked."""
        grant, refresh, token = found
        if "refresh_token" not in client.grant_types:
            return False
        if not hmac.compare_digest(refresh.current_hash, token.secret_hash):
            return False
        targets = grant_targets(
            subject=grant.subject, client_id=grant.client_id, grant_id=grant.gid, session_id=grant.session_id
        )
        is_revoked = ends_grant(self._revocations.find(targets), grant.created_at)
        return not is_revoked and not refresh.is_over(math.ceil(self._clock.now().latest))
