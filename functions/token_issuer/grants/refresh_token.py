"""The refresh token grant (RFC 6749 §6) with rotation: a token is used once, and a second use revokes the grant.

A client that lost the response may repeat the request for a short time, and gets the same successor: the tokens of a
grant never fork (RFC 9700 §4.14).
"""

from __future__ import annotations

import math
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import GrantRefusal, GrantRefused, Rotation, check_rotation
from keyturn.domain.grants.grant_credentials import RefreshToken, parse_refresh_token
from keyturn.web.form import Form
from token_issuer.errors import InvalidGrant
from token_issuer.grants.checked_grant import CheckedGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import IssuedToken
from token_issuer.revoke_grant import GrantRevoker

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore, SuccessorKey

_NONCE_BYTES = 16


class RefreshTokenGrant:
    """Exchanges a refresh token for an access token and the next refresh token."""

    def __init__(
        self,
        grants: GrantStore,
        tokens: UserTokens,
        revoker: GrantRevoker,
        clock: Clock,
        successor_key: SuccessorKey,
    ) -> None:
        self._grants = grants
        self._successor_key = successor_key
        self._tokens = tokens
        self._revoker = revoker
        self._clock = clock

    def grant_id(self, form: Form) -> str | None:
        """Return the id of the grant that the refresh token names, or None."""
        token = parse_refresh_token(form.get("refresh_token") or "")
        return None if token is None else token.gid

    def exchange(self, client: Client, form: Form, found: CheckedGrant | None) -> IssuedToken:
        """Return the tokens; raises InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget.

        The rotation is stored last: a failure before it (too wide a scope, KMS unavailable) leaves the refresh token
        valid, however long it lasts.
        """
        token = parse_refresh_token(form.require("refresh_token"))
        if token is None:
            raise _invalid("malformed")
        # Hashed before the grant is looked at: an unknown token costs as much as a known one.
        rotation = self._rotation(client, token)
        if found is None:
            raise _invalid(GrantRefusal.UNKNOWN.value)
        try:
            check_rotation(found.grant, rotation)
            with ThreadPoolExecutor(1) as executor:
                # The MAC and the signatures at once: each is a call of KMS.
                deriving = executor.submit(self._derive, token, rotation.successor_nonce)
                issued = self._tokens.issue(client, found, resource=form.get("resource"), scope=form.get("scope"))
            successor = deriving.result()
            nonce = self._grants.rotate(rotation._replace(successor_hash=successor.secret_hash))
        except GrantRefused as refusal:
            if refusal.why is GrantRefusal.REUSED and refusal.grant is not None:
                self._revoker.revoke(refusal.grant, reason="refresh_token_reuse", actor=f"client:{client.client_id}")
            raise _invalid(refusal.why.value) from None
        if nonce != rotation.successor_nonce:
            # A repeated request gets the nonce of the first one, and with it the same successor.
            successor = self._derive(token, nonce)
        return issued._replace(refresh_token=successor.value)

    def _derive(self, token: RefreshToken, nonce: str) -> RefreshToken:
        return token.successor(self._successor_key.mac(token.successor_message(bytes.fromhex(nonce))))

    def _rotation(self, client: Client, token: RefreshToken) -> Rotation:
        now = self._clock.now()
        return Rotation(
            gid=token.gid,
            proof_hash=token.proof_hash,
            secret_hash=token.secret_hash,
            client_id=client.client_id,
            successor_nonce=secrets.token_bytes(_NONCE_BYTES).hex(),
            idle_expires_at=math.floor(now.earliest) + client.refresh_idle,
            earliest=math.floor(now.earliest),
            latest=math.ceil(now.latest),
        )


def _invalid(detail: str) -> InvalidGrant:
    return InvalidGrant("the refresh token is not valid", detail=detail)
