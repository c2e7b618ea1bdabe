"""The authorization code grant (RFC 6749 §4.1.3) with PKCE (RFC 7636): a code gives tokens once."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import GrantRefusal, GrantRefused, Redemption, RefreshState, check_redemption
from keyturn.domain.grants.grant_credentials import AuthorizationCode, RefreshToken, parse_code
from keyturn.domain.grants.pkce import challenge_of
from keyturn.web.form import Form
from token_issuer.errors import InvalidGrant
from token_issuer.grant_revocation import GrantRevoker
from token_issuer.grants.user_tokens import CheckedGrant, UserTokens
from token_issuer.issue_token import IssuedToken

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore

_SECRET_BYTES = 32


class _Presented(NamedTuple):
    """What a client presents."""

    code: AuthorizationCode
    redirect_uri: str
    challenge: str | None
    resource: str | None


class AuthorizationCodeGrant:
    """A client exchanges a code for tokens of the user who allowed it."""

    def __init__(self, grants: GrantStore, tokens: UserTokens, end: GrantRevoker, clock: Clock) -> None:
        """Take the ports, and what issues a user's tokens."""
        self._grants = grants
        self._tokens = tokens
        self._end = end
        self._clock = clock

    def prepare(self, form: Form) -> Callable[[Client], IssuedToken]:
        """Return what gives the tokens; both raise InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget.

        A second use ends what the first one gave (R34). The use is noted last: what fails before leaves the code good.
        """
        code = parse_code(form.require("code"))
        redirect_uri = form.require("redirect_uri")
        if code is None:
            raise InvalidGrant("the code is not valid", detail="malformed")
        presented = _Presented(code, redirect_uri, _challenge(form), form.get("resource"))
        return partial(self._exchange, presented, self._tokens.find(code.gid))

    def _exchange(self, presented: _Presented, found: CheckedGrant | None, client: Client) -> IssuedToken:
        now = math.ceil(self._clock.now().latest)
        first = self._first_refresh_token(client, presented.code.gid)
        asked = Redemption(
            gid=presented.code.gid,
            code_hash=presented.code.code_hash,
            client_id=client.client_id,
            redirect_uri=presented.redirect_uri,
            challenge=presented.challenge,
            attempt=secrets.token_hex(16),
            now=now,
            refresh=None if first is None else _refresh_state(first, client, now),
        )
        if found is None:
            raise InvalidGrant("the code is not valid", detail=GrantRefusal.UNKNOWN.value)
        try:
            check_redemption(found.grant, asked)
            _check_registered(presented, client)
            issued = self._tokens.issue(client, found, resource=presented.resource, nonce_too=True)
            self._grants.redeem(asked)
        except GrantRefused as refusal:
            if refusal.why is GrantRefusal.REUSED and refusal.grant is not None:
                self._end.end(refusal.grant, reason="code_reuse", actor=f"client:{client.client_id}")
            raise InvalidGrant("the code is not valid", detail=refusal.why.value) from None
        return issued if first is None else replace(issued, refresh_token=first.value)

    def _first_refresh_token(self, client: Client, gid: str) -> RefreshToken | None:
        if "refresh_token" not in client.grant_types:
            return None
        return RefreshToken(gid, secrets.token_bytes(_SECRET_BYTES), secrets.token_bytes(_SECRET_BYTES))


def _challenge(form: Form) -> str | None:
    """Return the challenge of the verifier, or None without one; raises InvalidGrant for a malformed verifier."""
    verifier = form.get("code_verifier")
    try:
        return None if verifier is None else challenge_of(verifier)
    except ValueError as error:
        raise InvalidGrant("the code is not valid", detail=str(error)) from None


def _check_registered(presented: _Presented, client: Client) -> None:
    """Raise InvalidGrant for what the registration took away since the code was given: a change counts at once."""
    if not client.has_redirect_uri(presented.redirect_uri):
        raise InvalidGrant("the code is not valid", detail="the redirect URI is not registered any more")
    if presented.challenge is None and client.needs_pkce(presented.redirect_uri):
        raise InvalidGrant("the code is not valid", detail="PKCE is required by now")


def _refresh_state(token: RefreshToken, client: Client, now: int) -> RefreshState:
    return RefreshState(
        proof_hash=token.proof_hash,
        current_hash=token.secret_hash,
        idle_expires_at=now + client.refresh_idle,
        expires_at=now + client.refresh_lifetime,
    )
