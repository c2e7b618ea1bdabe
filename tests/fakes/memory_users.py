"""Users and consents in memory."""

from __future__ import annotations

from dataclasses import replace

from keyturn.domain.errors import AlreadyExists, VersionConflict
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.user import User
from tests.fakes.memory_port import MemoryPort


class MemoryConsents(MemoryPort):
    """Consents in memory; `stored` has them by subject and client."""

    def __init__(self, *consents: Consent) -> None:
        super().__init__()
        self.stored = {(consent.subject, consent.client_id): consent for consent in consents}

    def get(self, subject: str, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None."""
        with self.call("get"):
            return self.stored.get((subject, client_id))

    def list(self, subject: str) -> tuple[Consent, ...]:
        """Return the user's consents, by client."""
        with self.call("list"):
            return tuple(self.stored[key] for key in sorted(self.stored) if key[0] == subject)

    def withdraw(self, subject: str, client_id: str, *, until: int) -> None:
        """Delete the consent unless it was given after `until`."""
        with self.call("withdraw"):
            consent = self.stored.get((subject, client_id))
            if consent is not None and consent.at <= until:
                del self.stored[subject, client_id]


class MemoryUsers(MemoryPort):
    """Profiles in memory; `stored` has them by subject, `reserved` the subjects by normalised address."""

    def __init__(self, consents: MemoryConsents | None = None) -> None:
        super().__init__()
        self.stored: dict[str, User] = {}
        self.reserved: dict[str, str] = {}
        self._consents = MemoryConsents() if consents is None else consents

    def get(self, subject: str) -> User | None:
        """Return the profile, or None."""
        with self.call("get"):
            return self.stored.get(subject)

    def find_subject(self, email: str) -> str | None:
        """Return the subject that has reserved the normalised address, or None."""
        with self.call("find_subject"):
            return self.reserved.get(email)

    def create(self, user: User, *, email: str) -> None:
        """Store a new profile and reserve its normalised address; raises AlreadyExists."""
        with self.call("create"):
            if self.stored.get(user.subject) == user and self.reserved.get(email) == user.subject:
                return
            if user.subject in self.stored or email in self.reserved:
                raise AlreadyExists("the user or the email address exists already")
            self.stored[user.subject] = user
            self.reserved[email] = user.subject

    def update(self, user: User, *, email: str, previous_email: str) -> User:
        """Store the next revision, moving the reservation; raises VersionConflict, AlreadyExists."""
        with self.call("update"):
            changed = replace(user, revision=user.revision + 1)
            stored, owner = self.stored.get(user.subject), self.reserved.get(email)
            if stored == changed and owner == user.subject:
                return changed
            if stored is None or stored.revision != user.revision:
                raise VersionConflict("the user was changed by somebody else: try again")
            if owner not in (None, user.subject):
                raise AlreadyExists("another user has the email address")
            if self.reserved.get(previous_email) != user.subject:
                raise VersionConflict("the user was changed by somebody else: try again")
            del self.reserved[previous_email]
            self.reserved[email] = user.subject
            self.stored[user.subject] = changed
            return changed

    def erase(self, subject: str, *, email: str | None) -> None:
        """Delete the profile, its reservation and its consents."""
        with self.call("erase"):
            if email is not None and self.reserved.get(email) == subject:
                del self.reserved[email]
            for key in [key for key in self._consents.stored if key[0] == subject]:
                del self._consents.stored[key]
            self.stored.pop(subject, None)
