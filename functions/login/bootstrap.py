"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from keyturn.domain.credentials.blocklist import Blocklist
from keyturn.issue_time import IssueTimes
from login import paths
from login.browser import Browser
from login.client_address import ClientAddress
from login.consents import Consents, WithdrawConsent
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
from login.erase import Erase
from login.id_token_hints import IdTokenHints
from login.interaction_flow import InteractionFlow
from login.links import Links
from login.operator_actions import OperatorActions
from login.password_change import ChangePassword
from login.password_hash import PasswordHash
from login.password_replacement import PasswordReplacement
from login.password_rules import PasswordRules
from login.router import Login
from login.session_end import SessionEnd, SignOutEverywhere
from login.session_start import SessionLimits, SessionStart
from login.settings import Settings
from login.sign_in import SignIn
from login.throttle import Throttle
from login.user_revocations import UserRevocations

if TYPE_CHECKING:
    from keyturn.ports import (
        Attempts,
        AuthorityReader,
        ClientReader,
        Clock,
        ConsentStore,
        InteractionStore,
        KeyRingReader,
        KnownDevices,
        PasswordStore,
        Pepper,
        RevocationReader,
        RevocationWriter,
        SessionStore,
        SignInStore,
        UserStore,
    )


class Ports(NamedTuple):
    """The outside world of the login."""

    clock: Clock
    rings: KeyRingReader
    clients: ClientReader
    revocations: RevocationReader
    revocation_writer: RevocationWriter
    users: UserStore
    authorities: AuthorityReader
    consents: ConsentStore
    passwords: PasswordStore
    sign_ins: SignInStore
    devices: KnownDevices
    attempts: Attempts
    pepper: Pepper
    sessions: SessionStore
    interactions: InteractionStore


_BLOCKLIST = Path(__file__).with_name("blocklist.bin")


class _UseCases(NamedTuple):
    """The decisions of the login, without HTTP."""

    sign_in: SignIn
    change_password: ChangePassword
    end: SessionEnd
    everywhere: SignOutEverywhere
    links: Links
    withdrawal: WithdrawConsent
    operator_actions: OperatorActions


@cache
def bootstrap() -> Login:
    """Return the login that the environment describes; raises SettingsError, again at each call."""
    settings = Settings.from_environment(os.environ)
    return compose(settings, connect(settings))


def compose(settings: Settings, ports: Ports) -> Login:
    """Return the login over these ports."""
    cases = _compose_use_cases(settings, ports)
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
    ports: Ports, cases: _UseCases, browser: Browser, session: CurrentSession, address: ClientAddress
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
    ports: Ports, cases: _UseCases, browser: Browser, session: CurrentSession
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


def _compose_use_cases(settings: Settings, ports: Ports) -> _UseCases:
    """Return the use cases over these ports."""
    clock, random = ports.clock, secrets.token_bytes
    revocations = UserRevocations(
        ports.revocation_writer,
        ports.attempts,
        clock,
        longest_token=settings.max_token_lifetime + settings.leeway,
    )
    hashes = PasswordHash(ports.pepper, settings.argon2, random)
    rules = PasswordRules(Blocklist(_BLOCKLIST.read_bytes()), urlsplit(settings.issuer).hostname or "")
    throttle = Throttle(ports.attempts, ports.devices, settings.limits)
    end = SessionEnd(ports.sessions, ports.devices, revocations)
    replacement = PasswordReplacement(hashes=hashes, sign_ins=ports.sign_ins, end=end, clock=clock)
    start = SessionStart(
        sign_ins=ports.sign_ins,
        devices=ports.devices,
        revocations=revocations,
        times=IssueTimes(ports.revocations, clock),
        limits=SessionLimits(idle=settings.session_idle, lifetime=settings.session_lifetime),
        random=random,
    )
    links = Links(
        users=ports.users,
        authorities=ports.authorities,
        passwords=ports.passwords,
        attempts=ports.attempts,
        rules=rules,
        replacement=replacement,
        clock=clock,
        random=random,
    )
    return _UseCases(
        sign_in=SignIn(
            users=ports.users,
            authorities=ports.authorities,
            passwords=ports.passwords,
            hashes=hashes,
            throttle=throttle,
            sessions=start,
            clock=clock,
        ),
        change_password=ChangePassword(
            users=ports.users,
            authorities=ports.authorities,
            passwords=ports.passwords,
            hashes=hashes,
            rules=rules,
            throttle=throttle,
            revocations=revocations,
            replacement=replacement,
            sessions=start,
            clock=clock,
        ),
        end=end,
        everywhere=SignOutEverywhere(
            end=end,
            start=start,
            authorities=ports.authorities,
            passwords=ports.passwords,
            revocations=revocations,
            clock=clock,
        ),
        links=links,
        withdrawal=WithdrawConsent(ports.consents, revocations),
        operator_actions=OperatorActions(
            users=ports.users,
            sessions=ports.sessions,
            attempts=ports.attempts,
            links=links,
            end=end,
            erase=Erase(users=ports.users, authorities=ports.authorities, passwords=ports.passwords, end=end),
            clock=clock,
            link_url=lambda value: settings.issuer + paths.with_query(paths.LINK, **{paths.LINK_FIELD: value}),
        ),
    )


def connect(settings: Settings) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    raise NotImplementedError
