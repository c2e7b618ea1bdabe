"""The client credentials grant (RFC 6749 §4.4) with resource indicators (RFC 8707)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from keyturn.domain.access.scope import OPENID_SCOPES
from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess
from token_issuer.revocation_check import RevocationChecks


class ClientCredentialsGrant:
    """A client gets a token in its own name; no refresh token, since it can come again (RFC 6749 §4.4.3, R25)."""

    def __init__(self, access: RequestedAccess, checks: RevocationChecks, issuance: TokenIssuance) -> None:
        """Take what decides about scope and audience, what tells of revocations, and what issues tokens."""
        self._access = access
        self._checks = checks
        self._issuance = issuance

    def prepare(self, form: Form) -> Callable[[Client], IssuedToken]:
        """Return what gives a token of the scope and for the resource asked for; raises InvalidScope, InvalidTarget."""
        return partial(self._exchange, form)

    def _exchange(self, form: Form, client: Client) -> IssuedToken:
        # Without a user nothing of OpenID Connect: userinfo would take the client, its sub, for one.
        own = client.scopes - OPENID_SCOPES
        access = self._access.decide(client, resource=form.get("resource"), scope=form.get("scope"), granted=own)
        return self._issuance.issue(
            Authorization(subject=client.client_id, client=client, audience=access.audience, scope=access.scope),
            self._checks.read(subject=client.client_id, client_id=client.client_id),
        )
