"""The use cases of the login, composed over its ports."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from keyturn.domain.credentials.blocklist import Blocklist
from keyturn.issue_time import IssueTimes
from login import paths
from login.consents import WithdrawConsent
from login.erase import Erase
from login.links import Links
from login.operator_actions import OperatorActions
from login.password_change import ChangePassword
from login.password_hash import PasswordHash
from login.password_replacement import PasswordReplacement
from login.password_rules import PasswordRules
from login.session_end import SessionEnd, SignOutEverywhere
from login.session_start import SessionLimits, SessionStart
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
    from login.settings import Settings

_BLOCKLIST = Path(__file__).with_name("blocklist.bin")


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


class UseCases(NamedTuple):
    """The decisions of the login, without HTTP."""

    sign_in: SignIn
    change_password: ChangePassword
    end: SessionEnd
    everywhere: SignOutEverywhere
    links: Links
    withdrawal: WithdrawConsent
    operator_actions: OperatorActions


def compose_use_cases(settings: Settings, ports: Ports) -> UseCases:
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
    replacement = PasswordReplacement(
        hashes=hashes, sign_ins=ports.sign_ins, revocations=revocations, end=end, clock=clock
    )
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
    return UseCases(
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
