"""An operator's decisions about users, in memory."""

from __future__ import annotations

from dataclasses import replace

from keyturn.domain.errors import AlreadyExists, VersionConflict
from keyturn.domain.users.authority import Authority, Status
from tests.fakes.memory_port import MemoryPort


class MemoryAuthorities(MemoryPort):
    """Authorities in memory; `stored` has them by subject."""

    def __init__(self, *authorities: Authority) -> None:
        super().__init__()
        self.stored = {authority.subject: authority for authority in authorities}

    def get(self, subject: str) -> Authority | None:
        """Return it, or None."""
        with self.call("get"):
            return self.stored.get(subject)

    def create(self, authority: Authority) -> None:
        """Store a new one; raises AlreadyExists."""
        with self.call("create"):
            if authority.subject in self.stored:
                raise AlreadyExists(f"the user {authority.subject} exists already")
            self.stored[authority.subject] = authority

    def update(self, authority: Authority) -> Authority:
        """Store it as the next revision of the stored one and return it; raises VersionConflict."""
        with self.call("update"):
            stored = self.stored.get(authority.subject)
            if stored is None or stored.revision != authority.revision:
                raise VersionConflict(f"the user {authority.subject} was changed by somebody else: try again")
            changed = replace(authority, revision=authority.revision + 1)
            self.stored[authority.subject] = changed
            return changed

    def remove(self, subject: str) -> None:
        """Delete it, unless it is the tombstone of an erased user."""
        with self.call("remove"):
            if subject in self.stored and self.stored[subject].status is not Status.ERASED:
                del self.stored[subject]
