"""The tokens that a grant gives: an access token, and with `openid` an ID token (OIDC Core §3.1.3.3, §12.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.access.scope import OPENID
from keyturn.domain.clients.client import Client
from keyturn.domain.grants.grant import Grant
from keyturn.issue_time import RevocationCheck
from token_issuer.errors import InvalidTarget
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance
from token_issuer.requested_access import RequestedAccess, split_offline_access
from token_issuer.revocation_check import RevocationChecks

if TYPE_CHECKING:
    from keyturn.ports import GrantStore


class CheckedGrant(NamedTuple):
    """A grant as it is stored, and what was revoked of it."""

    grant: Grant
    check: RevocationCheck


class UserTokens:
    """Issues what a user's grant allows, within what the client is registered for by now."""

    def __init__(
        self, grants: GrantStore, access: RequestedAccess, checks: RevocationChecks, issuance: TokenIssuance
    ) -> None:
        """Take the stored grants, what decides about scope and audience, what tells of revocations, and what issues."""
        self._grants = grants
        self._access = access
        self._checks = checks
        self._issuance = issuance

    def find(self, gid: str) -> CheckedGrant | None:
        """Return the grant of this gid, if there is one: all that is read for its tokens, and no client needed."""
        grant = self._grants.get(gid)
        if grant is None:
            # As much to read as for one that there is: how long it takes tells nobody which of the two it was.
            self._checks.read(subject=gid, client_id=gid, grant_id=gid, session_id=gid)
            return None
        check = self._checks.read(
            subject=grant.subject,
            client_id=grant.client_id,
            grant_id=grant.gid,
            session_id=grant.session_id,
            granted_at=grant.created_at,
        )
        return CheckedGrant(grant, check)

    def issue(
        self,
        client: Client,
        found: CheckedGrant,
        *,
        resource: str | None,
        scope: str | None = None,
        nonce_too: bool = False,
    ) -> IssuedToken:
        """Return the tokens; raises InvalidScope, InvalidTarget, InvalidGrant for a grant that was ended or cut.

        `resource` and `scope` None ask for what the grant has; `nonce_too` repeats the nonce of the authentication
        request, for the first ID token alone.
        """
        grant = found.grant
        if resource not in (None, grant.audience):
            raise InvalidTarget("the grant is for another resource")
        asked, _ = split_offline_access(scope)
        access = self._access.decide(client, resource=grant.audience, scope=asked, granted=grant.scope)
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
            authorization,
            found.check,
            id_token=OPENID in access.scope,
            nonce=grant.nonce if nonce_too else None,
        )
