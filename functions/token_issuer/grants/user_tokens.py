"""The tokens that a grant gives: an access token, and with `openid` an ID token (OIDC Core §3.1.3.3, §12.2)."""

from __future__ import annotations

from keyturn.domain.client import Client
from keyturn.domain.grant import Grant
from keyturn.domain.scope import OPENID
from token_issuer.errors import InvalidTarget
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess


class UserTokens:
    """Issues what a user's grant allows, within what the client is registered for by now."""

    def __init__(self, access: RequestedAccess, issuance: TokenIssuance) -> None:
        """Take what decides about scope and audience, and what issues tokens."""
        self._access = access
        self._issuance = issuance

    def issue(
        self,
        client: Client,
        grant: Grant,
        *,
        resource: str | None,
        scope: str | None = None,
        nonce_too: bool = False,
    ) -> IssuedToken:
        """Return the tokens; raises InvalidScope, InvalidTarget, InvalidGrant for a grant that was ended or cut.

        `resource` and `scope` None ask for what the grant has; `nonce_too` repeats the nonce of the authentication
        request, for the first ID token alone.
        """
        if resource not in (None, grant.audience):
            raise InvalidTarget("the grant is for another resource")
        access = self._access.decide(client, resource=grant.audience, scope=scope, granted=grant.scope)
        authorization = Authorization(
            subject=grant.subject,
            client=client,
            audience=access.audience,
            scope=access.scope,
            grant_id=grant.gid,
            granted_at=grant.created_at,
            session_id=grant.session_id,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=grant.amr,
            claims=grant.claims,
        )
        return self._issuance.issue(
            authorization, id_token=OPENID in access.scope, nonce=grant.nonce if nonce_too else None
        )
