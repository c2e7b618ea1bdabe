"""The composition of the authorization and userinfo endpoints, which `bootstrap` imports for their first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.grants.dynamodb_grant_writer import DynamoDbGrantWriter
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.users.dynamodb_user_readers import (
    DynamoDbAuthorityReader,
    DynamoDbConsentReader,
    DynamoDbUserReader,
)
from keyturn.web.cookie import BROWSER_COOKIE, Cookie
from keyturn.web.form_guard import FormGuard
from token_issuer.code_issuance import CodeIssuance
from token_issuer.current_user import CurrentUsers
from token_issuer.endpoints.authorization import AuthorizationEndpoint
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.interaction_flow import InteractionFlow
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.requested_access import RequestedAccess
from token_issuer.revocation_check import RevocationChecks
from token_issuer.settings import IssuerSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def connect_user_ports(settings: IssuerSettings, dynamodb: DynamoDBClient) -> UserPorts:
    """Return the ports on AWS."""
    return UserPorts(
        users=DynamoDbUserReader(dynamodb, settings.user_table),
        authorities=DynamoDbAuthorityReader(dynamodb, settings.authority_table),
        consents=DynamoDbConsentReader(dynamodb, settings.user_table),
        sessions=DynamoDbSessionReader(dynamodb, settings.session_table),
        interactions=DynamoDbInteractionOpener(dynamodb, settings.interaction_table),
        grants=DynamoDbGrantWriter(dynamodb, settings.grant_table, settings.interaction_table),
    )


def authorization_endpoint(
    settings: IssuerSettings,
    ports: Ports,
    user_ports: UserPorts,
    access: RequestedAccess,
    checks: RevocationChecks,
) -> AuthorizationEndpoint:
    """Return the authorization endpoint over these ports."""
    browser = FormGuard(Cookie(BROWSER_COOKIE, secure=settings.is_secure))
    users = CurrentUsers(
        user_ports.sessions, user_ports.authorities, user_ports.consents, checks, secure=settings.is_secure
    )
    codes = CodeIssuance(user_ports.grants, user_ports.sessions)
    return AuthorizationEndpoint(
        settings.issuer,
        ports.clients,
        access,
        IdTokenHints(settings.issuer, ports.ring),
        InteractionFlow(user_ports.interactions, users, codes, browser, ports.clock),
        browser=browser,
    )
