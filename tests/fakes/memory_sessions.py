"""Sessions in memory."""

from __future__ import annotations

from dataclasses import replace

from keyturn.domain.sessions.session import Session
from tests.fakes.memory_port import MemoryPort


class MemorySessions(MemoryPort):
    """Sessions in memory; `stored` has them by the hash of their cookie."""

    def __init__(self, *sessions: Session) -> None:
        super().__init__()
        self.stored = {session.key_hash: session for session in sessions}

    def get(self, key_hash: str) -> Session | None:
        """Return the session, ended or not, or None."""
        with self.call("get"):
            return self.stored.get(key_hash)

    def touch(self, session: Session, *, now: int, gave_code: bool) -> bool:
        """Write `last_used_at`, and `gave_code` if it is True; return False if the session is gone."""
        with self.call("touch"):
            stored = self.stored.get(session.key_hash)
            if stored is None:
                return False
            gave = stored.gave_code or gave_code
            self.stored[session.key_hash] = replace(stored, last_used_at=now, gave_code=gave)
            return True

    def list(self, subject: str) -> tuple[Session, ...]:
        """Return the user's sessions that exist, newest first."""
        with self.call("list"):
            found = [session for session in self.stored.values() if session.subject == subject]
            return tuple(sorted(found, key=lambda each: (each.created_at, each.key_hash), reverse=True))

    def delete(self, session: Session) -> bool:
        """Delete the session; return False if it gave its first code since it was read."""
        with self.call("delete"):
            stored = self.stored.get(session.key_hash)
            if stored is not None and stored.gave_code and not session.gave_code:
                return False
            self.stored.pop(session.key_hash, None)
            return True
