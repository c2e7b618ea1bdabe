"""The use cases of the login, composed over its ports."""

from __future__ import annotations

import secrets
from collections.abc import Callable
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
    from keyturn.ports import ClientReader, Clock, KeyRingReader, RevocationReader, RevocationWriter
    from keyturn.user_ports import (
        Attempts,
        AuthorityReader,
        ConsentStore,
        InteractionStore,
        KnownBrowsers,
        PasswordStore,
        Pepper,
        SessionStore,
        SignInStore,
        UserStore,
    )
    from login.settings import LoginSettings

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
    known_browsers: KnownBrowsers
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


def compose_use_cases(
    settings: LoginSettings, ports: Ports, *, random: Callable[[int], bytes] = secrets.token_bytes
) -> UseCases:
    """Return the use cases over these ports; `random` returns a number of random bytes."""
    revocations = UserRevocations(
        ports.revocation_writer,
        ports.attempts,
        ports.clock,
        longest_token=settings.max_token_lifetime + settings.leeway,
    )
    end = SessionEnd(ports.sessions, ports.known_browsers, revocations)
    start = SessionStart(
        sign_ins=ports.sign_ins,
        known_browsers=ports.known_browsers,
        revocations=revocations,
        times=IssueTimes(ports.revocations, ports.clock),
        limits=SessionLimits(idle=settings.session_idle, lifetime=settings.session_lifetime),
        random=random,
    )
    passwords = _password_parts(settings, ports, revocations, end, random)
    links = _links(ports, passwords, random)
    return UseCases(
        sign_in=_sign_in(ports, passwords, start),
        change_password=_change_password(ports, passwords, start),
        end=end,
        everywhere=SignOutEverywhere(
            end=end,
            start=start,
            authorities=ports.authorities,
            passwords=ports.passwords,
            revocations=revocations,
            clock=ports.clock,
        ),
        links=links,
        withdrawal=WithdrawConsent(ports.consents, revocations),
        operator_actions=_operator_actions(settings, ports, links, end),
    )


class _PasswordParts(NamedTuple):
    """The parts that each use case with a password shares."""

    hashes: PasswordHash
    rules: PasswordRules
    throttle: Throttle
    replacement: PasswordReplacement


def _password_parts(
    settings: LoginSettings, ports: Ports, revocations: UserRevocations, end: SessionEnd, random: Callable[[int], bytes]
) -> _PasswordParts:
    hashes = PasswordHash(ports.pepper, settings.argon2, random)
    return _PasswordParts(
        hashes,
        PasswordRules(Blocklist(_BLOCKLIST.read_bytes()), urlsplit(settings.issuer).hostname or ""),
        Throttle(ports.attempts, ports.known_browsers, settings.limits),
        PasswordReplacement(
            hashes=hashes, sign_ins=ports.sign_ins, revocations=revocations, end=end, clock=ports.clock
        ),
    )


def _sign_in(ports: Ports, parts: _PasswordParts, start: SessionStart) -> SignIn:
    return SignIn(
        users=ports.users,
        authorities=ports.authorities,
        passwords=ports.passwords,
        hashes=parts.hashes,
        throttle=parts.throttle,
        sessions=start,
        clock=ports.clock,
    )


def _change_password(ports: Ports, parts: _PasswordParts, start: SessionStart) -> ChangePassword:
    return ChangePassword(
        users=ports.users,
        authorities=ports.authorities,
        passwords=ports.passwords,
        hashes=parts.hashes,
        rules=parts.rules,
        throttle=parts.throttle,
        replacement=parts.replacement,
        sessions=start,
        clock=ports.clock,
    )


def _links(ports: Ports, parts: _PasswordParts, random: Callable[[int], bytes]) -> Links:
    return Links(
        users=ports.users,
        authorities=ports.authorities,
        passwords=ports.passwords,
        attempts=ports.attempts,
        rules=parts.rules,
        replacement=parts.replacement,
        clock=ports.clock,
        random=random,
    )


def _operator_actions(settings: LoginSettings, ports: Ports, links: Links, end: SessionEnd) -> OperatorActions:
    return OperatorActions(
        users=ports.users,
        sessions=ports.sessions,
        attempts=ports.attempts,
        links=links,
        end=end,
        erase=Erase(users=ports.users, authorities=ports.authorities, passwords=ports.passwords, end=end),
        clock=ports.clock,
        link_url=lambda value: settings.issuer + paths.with_query(paths.LINK, **{paths.LINK_FIELD: value}),
    )
