"""Sign-in by password: from what a person typed to a session, or to one refusal for every cause."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.sessions.session import Session


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedIn:
    """A new session, with the values of the session cookie and of the device cookie to set."""

    session: Session
    session_cookie: str
    device_cookie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused:
    """No session; `retry_after` in seconds, for THROTTLED alone."""

    reason: SignInRefusal
    retry_after: int = 0


class SignIn:
    """Decides about sign-in attempts."""

    def attempt(self, attempt: SignInAttempt) -> SignedIn | SignInRefused:
        """Return the new session or why there is none; raises what the ports raise, and nothing is granted then."""
        raise NotImplementedError
