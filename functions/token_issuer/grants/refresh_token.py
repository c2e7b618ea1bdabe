"""The refresh token grant (RFC 6749 §6), with rotation: each token is used once, and a second use ends the grant.

An answer that was lost may be asked for again for a moment, and is the same: nothing forks (RFC 9700 §4.14).
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import GrantRefusal, GrantRefused, Rotation, check_rotation
from keyturn.domain.grants.grant_credentials import RefreshToken, parse_refresh_token
from keyturn.web.form import Form
from token_issuer.errors import InvalidGrant
from token_issuer.grant_revocation import GrantRevoker
from token_issuer.grants.user_tokens import CheckedGrant, UserTokens
from token_issuer.issue_token import IssuedToken

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore

_NONCE_BYTES = 16


class RefreshTokenGrant:
    """A client exchanges a refresh token for an access token and the next refresh token."""

    def __init__(self, grants: GrantStore, tokens: UserTokens, end: GrantRevoker, clock: Clock) -> None:
        """Take the ports, and what issues a user's tokens."""
        self._grants = grants
        self._tokens = tokens
        self._end = end
        self._clock = clock

    def prepare(self, form: Form) -> Callable[[Client], IssuedToken]:
        """Return what gives the tokens; both raise InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget.

        The rotation comes last: whatever stands in the way of the answer, too wide a scope or KMS out of reach, leaves
        the refresh token as it was, however long it lasts (R42, R43).
        """
        token = parse_refresh_token(form.require("refresh_token"))
        if token is None:
            raise InvalidGrant("the refresh token is not valid", detail="malformed")
        return partial(self._exchange, form, token, self._tokens.find(token.gid))

    def _exchange(self, form: Form, token: RefreshToken, found: CheckedGrant | None, client: Client) -> IssuedToken:
        asked = self._rotation(client, token)
        if found is None:
            raise InvalidGrant("the refresh token is not valid", detail=GrantRefusal.UNKNOWN.value)
        try:
            check_rotation(found.grant, asked)
            issued = self._tokens.issue(client, found, resource=form.get("resource"), scope=form.get("scope"))
            nonce = self._grants.rotate(asked)
        except GrantRefused as refusal:
            if refusal.why is GrantRefusal.REUSED and refusal.grant is not None:
                self._end.end(refusal.grant, reason="refresh_token_reuse", actor=f"client:{client.client_id}")
            raise InvalidGrant("the refresh token is not valid", detail=refusal.why.value) from None
        return replace(issued, refresh_token=token.successor(bytes.fromhex(nonce)).value)

    def _rotation(self, client: Client, token: RefreshToken) -> Rotation:
        now = self._clock.now()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return Rotation(
            gid=token.gid,
            proof_hash=token.proof_hash,
            secret_hash=token.secret_hash,
            client_id=client.client_id,
            successor_hash=token.successor(nonce).secret_hash,
            successor_nonce=nonce.hex(),
            idle_expires_at=math.floor(now.earliest) + client.refresh_idle,
            earliest=math.floor(now.earliest),
            latest=math.ceil(now.latest),
        )
