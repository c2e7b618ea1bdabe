"""The login's answers to an operator: its own code over the users of a stack, and everything else in memory."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from keyturn.domain.sessions.session import Session
from login.settings import LoginSettings
from login.use_cases import compose_use_cases
from tests.fakes.login_harness import ENVIRONMENT
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import NOW, signing_key

if TYPE_CHECKING:
    from keyturn.user_ports import AuthorityReader, UserStore

LINK = "https://auth.example/login/link?link=" + "QUFB" * 10 + "QUE"


class OperatorLogin:
    """Answers an operator's events; the stores are attributes."""

    def __init__(self, users: UserStore, authorities: AuthorityReader) -> None:
        stores = MemoryLogin()
        self.sessions, self.attempts, self.passwords = stores.sessions, stores.attempts, stores.passwords
        self.revocations = MemoryRevocations()
        ports = stores.ports(
            clock=SteppedClock(),
            rings=StubKeyRingReader(ring_of(signing_key())),
            clients=MemoryClients(),
            revocations=self.revocations,
        )
        settings = LoginSettings.from_environment(ENVIRONMENT | {"ISSUER": "https://auth.example"})
        own = ports._replace(users=users, authorities=authorities)
        self._actions = compose_use_cases(settings, own, random=lambda size: b"A" * size).operator_actions
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
