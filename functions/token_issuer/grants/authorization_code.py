"""The authorization code grant (RFC 6749 §4.1.3) with PKCE (RFC 7636): a code is exchanged for tokens once."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import GrantRefusal, GrantRefused, Redemption, RefreshState, check_redemption
from keyturn.domain.grants.grant_credentials import RefreshToken, parse_code
from keyturn.domain.grants.pkce import challenge_of
from keyturn.web.form import Form
from token_issuer.errors import InvalidGrant
from token_issuer.grants.checked_grant import CheckedGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import IssuedToken
from token_issuer.revoke_grant import GrantRevoker

if TYPE_CHECKING:
    from keyturn.ports import Clock, GrantStore

_SECRET_BYTES = 32


class AuthorizationCodeGrant:
    """Exchanges a code for the tokens of the user who allowed it."""

    def __init__(self, grants: GrantStore, tokens: UserTokens, revoker: GrantRevoker, clock: Clock) -> None:
        self._grants = grants
        self._tokens = tokens
        self._revoker = revoker
        self._clock = clock

    def grant_id(self, form: Form) -> str | None:
        """Return the id of the grant that the code names, or None."""
        code = parse_code(form.get("code") or "")
        return None if code is None else code.gid

    def exchange(self, client: Client, form: Form, found: CheckedGrant | None) -> IssuedToken:
        """Return the tokens; raises InvalidRequest, InvalidGrant, InvalidScope, InvalidTarget.

        A second use of the code revokes the tokens of the first one. The use is stored last: a failure before it
        leaves the code valid.
        """
        code = parse_code(form.require("code"))
        redirect_uri = form.require("redirect_uri")
        if code is None:
            raise _invalid("malformed")
        challenge = _read_challenge(form)
        now = math.ceil(self._clock.now().latest)
        first = _first_refresh_token(client, code.gid)
        # Hashed before the grant is looked at: an unknown code costs as much as a known one.
        redemption = Redemption(
            gid=code.gid,
            code_hash=code.code_hash,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            challenge=challenge,
            attempt=secrets.token_hex(16),
            now=now,
            refresh=None if first is None else _refresh_state(first, client, now),
        )
        if found is None:
            raise _invalid(GrantRefusal.UNKNOWN.value)
        try:
            check_redemption(found.grant, redemption)
            _check_registration(client, redemption)
            issued = self._tokens.issue(client, found, resource=form.get("resource"), with_nonce=True)
            self._grants.redeem(redemption)
        except GrantRefused as refusal:
            if refusal.why is GrantRefusal.REUSED and refusal.grant is not None:
                self._revoker.revoke(refusal.grant, reason="code_reuse", actor=f"client:{client.client_id}")
            raise _invalid(refusal.why.value) from None
        return issued if first is None else issued._replace(refresh_token=first.value)


def _read_challenge(form: Form) -> str | None:
    """Return the challenge of the verifier, or None without one; raises InvalidGrant for a malformed verifier."""
    verifier = form.get("code_verifier")
    try:
        return None if verifier is None else challenge_of(verifier)
    except ValueError as error:
        raise _invalid(str(error)) from None


def _first_refresh_token(client: Client, gid: str) -> RefreshToken | None:
    if "refresh_token" not in client.grant_types:
        return None
    return RefreshToken(gid, secrets.token_bytes(_SECRET_BYTES), secrets.token_bytes(_SECRET_BYTES))


def _refresh_state(token: RefreshToken, client: Client, now: int) -> RefreshState:
    return RefreshState(
        proof_hash=token.proof_hash,
        current_hash=token.secret_hash,
        idle_expires_at=now + client.refresh_idle,
        expires_at=now + client.refresh_lifetime,
    )


def _check_registration(client: Client, redemption: Redemption) -> None:
    """Raise InvalidGrant for a redirect URI or a missing challenge that the client's present registration refuses."""
    if not client.has_redirect_uri(redemption.redirect_uri):
        raise _invalid("the redirect URI is not registered any more")
    if redemption.challenge is None and client.needs_pkce(redemption.redirect_uri):
        raise _invalid("PKCE is required by now")


def _invalid(detail: str) -> InvalidGrant:
    return InvalidGrant("the code is not valid", detail=detail)
