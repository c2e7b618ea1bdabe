"""The refresh token grant (RFC 6749 §6), with rotation: each token is used once, and a second use ends the grant.

An answer that was lost may be asked for again for a moment, and is the same: nothing forks (RFC 9700 §4.14).
"""

from __future__ import annotations

import math
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.domain.client import Client
from keyturn.domain.grant import Grant, GrantRefusal, GrantRefused, Rotation
from keyturn.domain.grant_credentials import RefreshToken, parse_refresh_token
from keyturn.domain.scope import parse_scope
from token_issuer.errors import InvalidGrant, InvalidScope, InvalidTarget
from token_issuer.form import Form
from token_issuer.grant_end import GrantEnd
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import IssuedToken

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore

_NONCE_BYTES = 16


class RefreshTokenGrant:
    """A client exchanges a refresh token for an access token and the next refresh token."""

    def __init__(self, grants: GrantStore, tokens: UserTokens, end: GrantEnd, clock: Clock) -> None:
        """Take the ports, and what issues a user's tokens."""
        self._grants = grants
        self._tokens = tokens
        self._end = end
        self._clock = clock

    def exchange(self, client: Client, form: Form) -> IssuedToken:
        """Return the tokens; raises InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget.

        What asks for too much, or is another client's, leaves the token as it was (R42, R43).
        """
        token = parse_refresh_token(form.require("refresh_token"))
        scope = _parse_scope(form.get("scope"))
        if token is None:
            raise InvalidGrant("the refresh token is not valid", detail="malformed")
        grant, successor = self._rotate(client, token, scope, form.get("resource"))
        issued = self._tokens.issue(client, grant, scope=form.get("scope"))
        return replace(issued, refresh_token=successor.value)

    def _rotate(
        self, client: Client, token: RefreshToken, scope: frozenset[str], audience: str | None
    ) -> tuple[Grant, RefreshToken]:
        now = self._clock.now()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        asked = Rotation(
            gid=token.gid,
            proof_hash=token.proof_hash,
            secret_hash=token.secret_hash,
            client_id=client.client_id,
            scope=scope,
            audience=audience,
            successor_hash=token.successor(nonce).secret_hash,
            successor_nonce=nonce.hex(),
            idle_expires_at=math.floor(now.earliest) + client.refresh_idle,
            earliest=math.floor(now.earliest),
            latest=math.ceil(now.latest),
        )
        try:
            grant, given = self._grants.rotate(asked)
        except GrantRefused as refusal:
            raise self._refuse(refusal, client) from None
        return grant, token.successor(bytes.fromhex(given))

    def _refuse(self, refusal: GrantRefused, client: Client) -> InvalidGrant | InvalidScope | InvalidTarget:
        if refusal.why is GrantRefusal.SCOPE:
            return InvalidScope("the grant does not allow all of this scope")
        if refusal.why is GrantRefusal.AUDIENCE:
            return InvalidTarget("the grant is for another resource")
        if refusal.why is GrantRefusal.REUSED and refusal.grant is not None:
            self._end.end(refusal.grant, reason="refresh_token_reuse", actor=f"client:{client.client_id}")
        return InvalidGrant("the refresh token is not valid", detail=refusal.why.value)


def _parse_scope(requested: str | None) -> frozenset[str]:
    try:
        return frozenset() if requested is None else parse_scope(requested)
    except ValueError as error:
        raise InvalidScope(str(error)) from None
