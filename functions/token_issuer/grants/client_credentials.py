"""The client credentials grant (RFC 6749 §4.4) with resource indicators (RFC 8707)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.scope import OPENID_SCOPES
from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess
from token_issuer.revocation_check import RevocationChecks

if TYPE_CHECKING:
    from token_issuer.grants.checked_grant import CheckedGrant


class ClientCredentialsGrant:
    """Gives a client a token in its own name, without a refresh token (RFC 6749 §4.4.3)."""

    def __init__(self, access: RequestedAccess, checks: RevocationChecks, issuance: TokenIssuance) -> None:
        self._access = access
        self._checks = checks
        self._issuance = issuance

    def grant_id(self, _form: Form) -> None:
        """Return None: this grant type has no stored grant."""

    def exchange(self, client: Client, form: Form, _found: CheckedGrant | None) -> IssuedToken:
        """Return a token for the requested scope and resource; raises InvalidScope, InvalidTarget."""
        # No scope of OpenID Connect without a user: userinfo would take the client, the token's sub, for a user.
        own = client.scopes - OPENID_SCOPES
        access = self._access.decide(client, resource=form.get("resource"), scope=form.get("scope"), granted=own)
        return self._issuance.issue(
            Authorization(
                subject=client.client_id,
                client=client,
                audience=access.audience,
                scope=access.scope,
                claims=client.claims,
            ),
            self._checks.read(subject=client.client_id, client_id=client.client_id),
        )
