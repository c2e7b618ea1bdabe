"""The tokens of a user's grant: an access token, and with `openid` an ID token (OIDC Core §3.1.3.3, §12.2)."""

from __future__ import annotations

from keyturn.domain.access.scope import OPENID
from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import is_same_resource
from token_issuer.errors import InvalidTarget
from token_issuer.grants.checked_grant import CheckedGrant
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess, split_offline_access


class UserTokens:
    """Issues the tokens that both a user's grant and the client's present registration allow."""

    def __init__(self, access: RequestedAccess, issuance: TokenIssuance) -> None:
        self._access = access
        self._issuance = issuance

    def issue(
        self,
        client: Client,
        found: CheckedGrant,
        *,
        resource: str | None,
        scope: str | None = None,
        with_nonce: bool = False,
    ) -> IssuedToken:
        """Return the tokens; raises InvalidScope, InvalidTarget, and InvalidGrant for a revoked grant.

        `resource` and `scope` are the requested ones; None requests those of the grant. `with_nonce` puts the nonce of
        the authentication request into the ID token: only the first ID token of a grant has it.
        """
        grant = found.grant
        if resource is not None and not is_same_resource(resource, grant.audience):
            raise InvalidTarget("the grant is for another resource")
        requested, _ = split_offline_access(scope)
        access = self._access.decide(client, resource=grant.audience, scope=requested, granted=grant.scope)
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
            # The client's own claims stay out: a user must not get the role of the application.
            claims={**client.user_claims, **grant.claims},
        )
        return self._issuance.issue(
            authorization,
            found.check,
            id_token=OPENID in access.scope,
            nonce=grant.nonce if with_nonce else None,
        )
