"""Sign-in by password: the result is a session, or the same refusal for every cause."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from keyturn.domain import base64url
from keyturn.domain.sessions.session import hash_cookie
from keyturn.domain.users.email import normalise_email
from login.session_start import SessionStart, SignedIn, SignInBrowser

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.sessions.session import Session
    from keyturn.domain.users.authority import Authority
    from keyturn.ports import Clock
    from keyturn.user_ports import AuthorityReader, PasswordStore, UserStore
    from login.password_hash import PasswordHash
    from login.throttle import Throttle


class SignInRefusal(enum.StrEnum):
    """The reason that a page may give."""

    WRONG = "wrong"  # unknown address, wrong password, disabled or erased user, locked for unknown browsers
    THROTTLED = "throttled"  # too many attempts: `retry_after` says for how long
    CHANGED = "changed"  # the password was right, but user, password or interaction changed meanwhile: begin again


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignInAttempt:
    """One posted sign-in form.

    `email` and `password` are as typed, `address` is the browser's IP address, `device` the value of the device
    cookie. `replaced` is the session that this browser has. `interaction` is unused and bound to this browser.
    """

    email: str
    password: str
    address: str
    device: str | None = None
    device_label: str = ""
    replaced: Session | None = None
    interaction: Interaction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused:
    """No session; `retry_after` in seconds, for THROTTLED alone."""

    reason: SignInRefusal
    retry_after: int = 0


_WRONG = SignInRefused(reason=SignInRefusal.WRONG)


class SignIn:
    """Decides about sign-in attempts. An unknown account costs the same calls as a wrong password."""

    def __init__(
        self,
        *,
        users: UserStore,
        authorities: AuthorityReader,
        passwords: PasswordStore,
        hashes: PasswordHash,
        throttle: Throttle,
        sessions: SessionStart,
        clock: Clock,
    ) -> None:
        self._users = users
        self._authorities = authorities
        self._passwords = passwords
        self._hashes = hashes
        self._throttle = throttle
        self._sessions = sessions
        self._clock = clock

    def attempt(self, attempt: SignInAttempt) -> SignedIn | SignInRefused:
        """Return the new session or the refusal; raises the errors of the ports, without a session."""
        try:
            email = normalise_email(attempt.email)
        except ValueError:
            # An invalid address cannot be an account's, as the person can see: an early response is safe.
            return _WRONG
        subject = self._users.find_subject(email) or decoy_subject(email)
        stored = self._passwords.get(subject)
        now = floor(self._clock.now().latest)
        admission = self._throttle.admit(
            subject,
            email=email,
            address=attempt.address,
            device_hash=None if attempt.device is None else hash_cookie(attempt.device),
            credential_revision=-1 if stored is None else stored.revision,
            now=now,
        )
        if admission.retry_after > 0:
            return SignInRefused(reason=SignInRefusal.THROTTLED, retry_after=admission.retry_after)
        credential = stored or self._hashes.decoy(subject)
        is_right = self._hashes.verify(credential, attempt.password)
        authority = self._authorities.get(subject)
        if not is_right or stored is None or authority is None or not authority.is_active or admission.is_locked:
            self._throttle.note_failure(subject, admission, now=now)
            return _WRONG
        self._throttle.note_success(subject, admission)
        return self._start(attempt, authority, stored)

    def _start(
        self, attempt: SignInAttempt, authority: Authority, credential: PasswordCredential
    ) -> SignedIn | SignInRefused:
        self._rehash(credential, attempt.password)
        browser = SignInBrowser(device=attempt.device, label=attempt.device_label, replaced=attempt.replaced)
        started = self._sessions.start(authority, credential, browser, interaction=attempt.interaction)
        return started or SignInRefused(reason=SignInRefusal.CHANGED)

    def _rehash(self, credential: PasswordCredential, password: str) -> None:
        """Store the same password at today's cost; its revision stays, so that a lost race changes nothing."""
        if self._hashes.is_outdated(credential):
            stronger = self._hashes.create(
                credential.subject, password, changed_at=credential.changed_at, revision=credential.revision
            )
            self._passwords.rehash(stronger, previous=credential)


def decoy_subject(email: str) -> str:
    """Return one of 256 unused subjects, so that attempts at unknown accounts make few items in the tables."""
    digest = hashlib.sha256(b"keyturn/decoy/" + hashlib.sha256(email.encode()).digest()[:1]).digest()
    return "u_" + base64url.encode(digest[:16])
