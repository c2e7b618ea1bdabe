"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from keyturn.adapters.aws.client import dynamodb_client, kms_client
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.adapters.credentials.dynamodb_attempts import DynamoDbAttempts
from keyturn.adapters.credentials.dynamodb_known_devices import DynamoDbKnownDevices
from keyturn.adapters.credentials.dynamodb_passwords import DynamoDbPasswords
from keyturn.adapters.credentials.dynamodb_sign_ins import DynamoDbSignIns, LoginTables
from keyturn.adapters.credentials.kms_pepper import KmsPepper
from keyturn.adapters.interactions.dynamodb_interactions import DynamoDbInteractions
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationReader, DynamoDbRevocationWriter
from keyturn.adapters.sessions.dynamodb_sessions import DynamoDbSessions
from keyturn.adapters.users.dynamodb_consents import DynamoDbConsents
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbAuthorityReader
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.issue_time import IssueTimes
from login import paths
from login.browser import Browser
from login.client_address import ClientAddress
from login.consents import Consents
from login.current_session import CurrentSession
from login.endpoints.account import AccountPage, AccountRows
from login.endpoints.account_applications import AccountApplications
from login.endpoints.account_password import AccountPassword
from login.endpoints.account_post import AccountPosts
from login.endpoints.account_sessions import AccountSessions
from login.endpoints.assets import Assets
from login.endpoints.confirm import ConfirmPage, ConfirmPost
from login.endpoints.consent import ConsentPage, ConsentPost
from login.endpoints.decision import Decisions
from login.endpoints.endpoint import Endpoint
from login.endpoints.link import LinkPage
from login.endpoints.login_page import LoginPage
from login.endpoints.logout import Logout, LogoutPorts
from login.endpoints.sign_in import SignInPost
from login.endpoints.sign_in_page import SignInPage
from login.id_token_hints import IdTokenHints
from login.interaction_flow import InteractionFlow
from login.router import Login
from login.settings import LoginSettings
from login.use_cases import Ports, UseCases, compose_use_cases


@cache
def bootstrap() -> Login:
    """Return the login that the environment describes; raises SettingsError, again at each call."""
    settings = LoginSettings.from_environment(os.environ)
    return compose(settings, connect(settings))


def compose(settings: LoginSettings, ports: Ports) -> Login:
    """Return the login over these ports."""
    cases = compose_use_cases(settings, ports)
    browser = Browser(secure=settings.is_secure)
    session = CurrentSession(browser, ports.sessions, ports.authorities, ports.revocations, ports.clock)
    address = ClientAddress(header=settings.client_address_header, secret=settings.client_address_secret)
    hints = IdTokenHints(settings.issuer, ports.rings)
    return Login(
        endpoints={
            **_interaction_endpoints(ports, cases, browser, session, address),
            **_account_endpoints(ports, cases, browser, session),
            paths.LINK: LinkPage(browser, cases.links),
            paths.LOGOUT: Logout(browser, session, LogoutPorts(ports.clients, ports.users, hints, cases.end)),
        },
        assets=Assets(),
        operator_actions=cases.operator_actions,
        address=address,
    )


def _interaction_endpoints(
    ports: Ports, cases: UseCases, browser: Browser, session: CurrentSession, address: ClientAddress
) -> Mapping[str, Endpoint]:
    """Return the endpoints on the way to a code."""
    times = IssueTimes(ports.revocations, ports.clock)
    consents = Consents(ports.consents, ports.interactions, ports.revocations, times)
    flow = InteractionFlow(browser, ports.interactions, consents, ports.clock)
    decisions = Decisions(browser, flow, session, ports.interactions)
    sign_in_page = SignInPage(browser, ports.clients)
    return {
        paths.SIGN_IN: LoginPage(
            flow,
            session,
            sign_in_page,
            ConsentPage(browser, ports.clients, ports.users),
            ConfirmPage(browser, ports.clients, ports.users),
        ),
        paths.PASSWORD: SignInPost(browser, flow, session, sign_in=cases.sign_in, page=sign_in_page, address=address),
        paths.CONSENT: ConsentPost(decisions, consents),
        paths.CONFIRM: ConfirmPost(decisions, ports.interactions, ports.clock),
    }


def _account_endpoints(
    ports: Ports, cases: UseCases, browser: Browser, session: CurrentSession
) -> Mapping[str, Endpoint]:
    """Return the endpoints of a signed-in user."""
    posts = AccountPosts(browser, session)
    rows = AccountRows(ports.sessions, ports.consents, ports.clients, ports.clock)
    return {
        paths.ACCOUNT: AccountPage(browser, session, rows=rows, users=ports.users),
        paths.ACCOUNT_PASSWORD: AccountPassword(
            posts, browser, session, change=cases.change_password, users=ports.users
        ),
        paths.ACCOUNT_SESSIONS: AccountSessions(
            posts, browser, ports.sessions, end=cases.end, everywhere=cases.everywhere
        ),
        paths.ACCOUNT_APPLICATIONS: AccountApplications(posts, cases.withdrawal),
    }


def connect(settings: LoginSettings) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    dynamodb = dynamodb_client()
    clock = ServiceClock(dynamodb)
    tables = settings.tables
    return Ports(
        clock=clock,
        rings=DynamoDbKeyRings(dynamodb, tables.key_rings),
        clients=DynamoDbClients(dynamodb, tables.clients),
        revocations=DynamoDbRevocationReader(dynamodb, tables.revocations),
        revocation_writer=DynamoDbRevocationWriter(
            dynamodb,
            tables.revocations,
            clock,
            token_lifetime=settings.max_token_lifetime + settings.leeway,
        ),
        users=DynamoDbUsers(dynamodb, tables.users),
        authorities=DynamoDbAuthorityReader(dynamodb, tables.authorities),
        consents=DynamoDbConsents(dynamodb, tables.users),
        passwords=DynamoDbPasswords(dynamodb, tables.credentials),
        sign_ins=DynamoDbSignIns(
            dynamodb,
            LoginTables(
                users=tables.users,
                authorities=tables.authorities,
                credentials=tables.credentials,
                sessions=tables.sessions,
                interactions=tables.interactions,
            ),
        ),
        devices=DynamoDbKnownDevices(dynamodb, tables.credentials),
        attempts=DynamoDbAttempts(dynamodb, tables.credentials),
        pepper=KmsPepper(kms_client(), settings.pepper_key),
        sessions=DynamoDbSessions(dynamodb, tables.sessions),
        interactions=DynamoDbInteractions(dynamodb, tables.interactions, tables.users),
    )
