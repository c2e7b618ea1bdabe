"""The start of a session after a proof of identity: one transaction holds all of its checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain import base64url
from keyturn.domain.revocations.revocation import Target, TargetKind
from keyturn.domain.sessions.session import PASSWORD_ACR, Session, hash_cookie

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.users.authority import Authority
    from keyturn.issue_time import IssueTimes, RevocationCheck
    from keyturn.user_ports import KnownBrowsers, SignInStore
    from login.user_revocations import UserRevocations

AMR = ("pwd",)  # RFC 8176 §2
_SESSION_ID_BYTES = 16
_COOKIE_BYTES = 32
_DEVICE_COOKIE = re.compile("[A-Za-z0-9_-]{43}")
DEVICE_LIFETIME = 400 * 86_400  # seconds; browsers keep no cookie for longer (RFC 6265bis §5.5)
_ANY_COPY = Target.of(TargetKind.GLOBAL, "0")


class SessionLimits(NamedTuple):
    """The ends of a session in seconds: after its last use, and after its start."""

    idle: int
    lifetime: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedIn:
    """A new session, with the values of the session cookie and of the device cookie to set."""

    session: Session
    session_cookie: str
    device_cookie: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignInBrowser:
    """The browser of a sign-in; `device` is the value of its device cookie, `replaced` the session that it has.

    `continued` is the session that the user has just ended everywhere. Without a new password its successor has the
    same begin and end: repeated sign-outs must not keep a sign-in fresh.
    """

    device: str | None = None
    label: str = ""
    replaced: Session | None = None
    continued: Session | None = None


class SessionStart:
    """Starts sessions for users after the right password."""

    def __init__(
        self,
        *,
        sign_ins: SignInStore,
        known_browsers: KnownBrowsers,
        revocations: UserRevocations,
        times: IssueTimes,
        limits: SessionLimits,
        random: Callable[[int], bytes],
    ) -> None:
        self._sign_ins = sign_ins
        self._known_browsers = known_browsers
        self._revocations = revocations
        self._times = times
        self._limits = limits
        self._random = random

    def start(
        self,
        authority: Authority,
        credential: PasswordCredential,
        browser: SignInBrowser,
        *,
        interaction: Interaction | None = None,
    ) -> SignedIn | None:
        """Return the session, or None if user, password, interaction or replaced session changed meanwhile.

        `auth_time` lies after every revocation cutoff of the user (ADR 5). The same user keeps the sid, unless it was
        revoked; another user's session in this browser ends. Raises the errors of the ports; no session exists then.
        """
        check = self._check(credential, browser.replaced)
        self._end_of_another(browser.replaced, credential.subject)
        cookie = _encode(self._random(_COOKIE_BYTES))
        session = self._session(credential.subject, cookie, browser, check)
        device = self._remember(credential, browser.device, session.created_at)
        started = self._sign_ins.sign_in(
            session, authority=authority, credential=credential, replaced=browser.replaced, interaction=interaction
        )
        return SignedIn(session=session, session_cookie=cookie, device_cookie=device) if started else None

    def _check(self, credential: PasswordCredential, replaced: Session | None) -> RevocationCheck:
        targets = [Target.of(TargetKind.SUBJECT, credential.subject), _ANY_COPY]
        if replaced is not None:
            targets.append(Target.of(TargetKind.SESSION, replaced.session_id))
        check = self._times.read(targets)
        if self._revocations.lacks_cutoff(credential, check.found, now=floor(check.since.latest)):
            self._revocations.cut_off(credential.subject, reason="password_changed", actor=credential.subject)
            check = self._times.read(targets)
        return check

    def _end_of_another(self, replaced: Session | None, subject: str) -> None:
        # The transaction deletes the session. The client may still hold a code, so that the revocation comes first.
        if replaced is None or replaced.subject == subject or not replaced.gave_code:
            return
        if self._revocations.take(replaced.subject) == 0:
            self._revocations.revoke_session(replaced, reason="another_user", actor=replaced.subject)

    def _session(self, subject: str, cookie: str, browser: SignInBrowser, check: RevocationCheck) -> Session:
        now = floor(check.since.earliest)
        kept = browser.replaced
        if kept is not None and (kept.subject != subject or kept.is_over(now) or _is_revoked(check)):
            kept = None
        started = now if browser.continued is None else browser.continued.created_at
        return Session(
            key_hash=hash_cookie(cookie),
            session_id=_encode(self._random(_SESSION_ID_BYTES)) if kept is None else kept.session_id,
            subject=subject,
            auth_time=now,
            created_at=started,
            last_used_at=now,
            idle_seconds=self._limits.idle,
            expires_at=started + self._limits.lifetime,
            acr=PASSWORD_ACR,
            amr=AMR,
            device=browser.label,
            gave_code=kept is not None and kept.gave_code,
        )

    def _remember(self, credential: PasswordCredential, device: str | None, now: int) -> str:
        """Return the device cookie: one browser has one value, also for several users."""
        if device is None or not _DEVICE_COOKIE.fullmatch(device):
            device = _encode(self._random(_COOKIE_BYTES))
        self._known_browsers.remember(
            credential.subject,
            hash_cookie(device),
            credential_revision=credential.revision,
            expires_at=now + DEVICE_LIFETIME,
        )
        return device


def _is_revoked(check: RevocationCheck) -> bool:
    return any(found.target.kind is TargetKind.SESSION for found in check.found)


def _encode(random: bytes) -> str:
    return base64url.encode(random)
