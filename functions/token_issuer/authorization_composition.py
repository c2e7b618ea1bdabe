"""Composes the authorization endpoint over the ports; `composition` imports it for the first request."""

from __future__ import annotations

from keyturn.web.cookie import BROWSER_COOKIE, Cookie
from keyturn.web.form_guard import FormGuard
from token_issuer.authorization_flow import AuthorizationFlow
from token_issuer.code_issuance import CodeIssuance
from token_issuer.endpoints.authorization import AuthorizationEndpoint
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.requested_access import RequestedAccess
from token_issuer.revocation_check import RevocationChecks
from token_issuer.settings import IssuerSettings
from token_issuer.signed_in_user import SignedInUsers


def authorization_endpoint(
    settings: IssuerSettings,
    ports: Ports,
    user_ports: UserPorts,
    access: RequestedAccess,
    checks: RevocationChecks,
) -> AuthorizationEndpoint:
    """Return the authorization endpoint."""
    browser = FormGuard(Cookie(BROWSER_COOKIE, secure=settings.is_secure))
    users = SignedInUsers(
        user_ports.sessions, user_ports.authorities, user_ports.consents, checks, secure=settings.is_secure
    )
    codes = CodeIssuance(user_ports.grants, user_ports.sessions)
    return AuthorizationEndpoint(
        settings.issuer,
        ports.clients,
        access,
        IdTokenHints(settings.issuer, ports.ring),
        AuthorizationFlow(user_ports.interactions, users, codes, browser, ports.clock),
        browser=browser,
    )
