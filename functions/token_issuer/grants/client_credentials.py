"""The client credentials grant (RFC 6749 §4.4) with resource indicators (RFC 8707)."""

from __future__ import annotations

from keyturn.domain.client import Client
from token_issuer.form import Form
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess


class ClientCredentialsGrant:
    """A client gets a token in its own name; no refresh token, since it can come again (RFC 6749 §4.4.3, R25)."""

    def __init__(self, access: RequestedAccess, issuance: TokenIssuance) -> None:
        """Take what decides about scope and audience, and what issues tokens."""
        self._access = access
        self._issuance = issuance

    def exchange(self, client: Client, form: Form) -> IssuedToken:
        """Return a token of the scope and for the resource asked for; raises InvalidScope, InvalidTarget."""
        access = self._access.decide(client, resource=form.get("resource"), scope=form.get("scope"))
        return self._issuance.issue(
            Authorization(subject=client.client_id, client=client, audience=access.audience, scope=access.scope)
        )
