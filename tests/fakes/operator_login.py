"""The login's answers to an operator: its own code over the users of a stack, and everything else in memory."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, cast

from keyturn.domain.sessions.session import Session
from login.erase import Erase
from login.links import Links
from login.operator_actions import OperatorActions
from login.session_end import SessionEnd
from login.user_revocations import UserRevocations
from tests.fakes.memory_credentials import MemoryAttempts, MemoryKnownDevices, MemoryPasswords
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sessions import MemorySessions
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from keyturn.ports import AuthorityReader, UserStore

LINK = "https://auth.example/login/link?link=" + "QUFB" * 10 + "QUE"


class OperatorLogin:
    """Answers an operator's events; the stores are attributes."""

    def __init__(self, users: UserStore, authorities: AuthorityReader) -> None:
        self.sessions = MemorySessions()
        self.attempts = MemoryAttempts()
        self.passwords = MemoryPasswords()
        self.revocations = MemoryRevocations()
        clock = SteppedClock()
        end = SessionEnd(
            self.sessions,
            MemoryKnownDevices(),
            UserRevocations(self.revocations, self.attempts, clock, longest_token=3660),
        )
        # An operator makes links, and uses none.
        links = Links(
            users=users,
            authorities=authorities,
            passwords=self.passwords,
            attempts=self.attempts,
            rules=cast("Any", None),
            replacement=cast("Any", None),
            clock=clock,
            random=lambda size: b"A" * size,
        )
        self._actions = OperatorActions(
            users=users,
            sessions=self.sessions,
            attempts=self.attempts,
            links=links,
            end=end,
            erase=Erase(users=users, authorities=authorities, passwords=self.passwords, end=end),
            clock=clock,
            link_url=lambda value: f"https://auth.example/login/link?link={value}",
        )
        self._numbers = count()

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to an event."""
        return self._actions.answer(event)

    def sign_in(self, subject: str, session_id: str) -> None:
        """Start a session that gave a code."""
        session = Session(
            key_hash=f"{next(self._numbers):064x}",
            session_id=session_id,
            subject=subject,
            auth_time=NOW - 60,
            created_at=NOW - 60,
            last_used_at=NOW,
            idle_seconds=43_200,
            expires_at=NOW + 604_800,
            device="Firefox on Linux",
            gave_code=True,
        )
        self.sessions.stored[session.key_hash] = session
