"""Interactions in memory."""

from __future__ import annotations

from dataclasses import replace

from keyturn.domain.errors import AlreadyExists
from keyturn.domain.grants.grant import Grant
from keyturn.domain.interactions.interaction import ConsentMark, Interaction
from keyturn.domain.users.consent import Consent
from tests.fakes.memory_port import MemoryPort
from tests.fakes.memory_users import MemoryConsents


class MemoryInteractions(MemoryPort):
    """An InteractionOpener and InteractionStore; `stored` has the interactions by the hash of their id."""

    def __init__(self, consents: MemoryConsents | None = None) -> None:
        super().__init__()
        self.stored: dict[str, Interaction] = {}
        self._consents = MemoryConsents() if consents is None else consents

    def create(self, interaction: Interaction) -> None:
        """Store a new interaction; raises AlreadyExists."""
        with self.call("create"):
            if self.stored.setdefault(interaction.key_hash, interaction) != interaction:
                raise AlreadyExists("an interaction of this id exists already")

    def get(self, key_hash: str) -> Interaction | None:
        """Return the interaction, over or not, or None."""
        with self.call("get"):
            return self.stored.get(key_hash)

    def bind(self, interaction: Interaction) -> bool:
        """Write browser, demands and session of an unbound one; return False if another browser was first."""
        with self.call("bind"):
            stored = self.stored.get(interaction.key_hash)
            if stored is None or stored.grant_id is not None:
                return False
            if stored.browser_hash is not None:
                return stored.browser_hash == interaction.browser_hash
            self.stored[stored.key_hash] = replace(
                stored,
                browser_hash=interaction.browser_hash,
                demands=interaction.demands,
                session_id=interaction.session_id,
            )
            return True

    def demand(self, interaction: Interaction) -> bool:
        """Write demands and session, without marks; return False if the interaction is used, denied or gone."""
        with self.call("demand"):
            stored = self.open(interaction)
            if stored is None:
                return False
            self.stored[stored.key_hash] = replace(
                stored,
                demands=interaction.demands,
                session_id=interaction.session_id,
                authenticated_at=None,
                consented=None,
                confirmed_at=None,
            )
            return True

    def consent(self, interaction: Interaction, mark: ConsentMark, consent: Consent) -> bool:
        """Write the mark and the user's consent; return False if the interaction changed."""
        with self.call("consent"):
            stored = self.open(interaction)
            if stored is None or stored.session_id != interaction.session_id or stored.is_over(mark.at):
                return False
            self.stored[stored.key_hash] = replace(stored, consented=mark)
            self._consents.stored[consent.subject, consent.client_id] = consent
            return True

    def confirm(self, interaction: Interaction, at: int) -> bool:
        """Write the mark; return False if the interaction changed."""
        with self.call("confirm"):
            stored = self.open(interaction)
            if stored is None or stored.session_id != interaction.session_id or stored.is_over(at):
                return False
            self.stored[stored.key_hash] = replace(stored, confirmed_at=at)
            return True

    def deny(self, interaction: Interaction) -> bool:
        """Write that the user refused; return False if the interaction is used or gone."""
        with self.call("deny"):
            stored = self.stored.get(interaction.key_hash)
            if stored is None or not _is_of_browser(stored, interaction) or stored.grant_id is not None:
                return False
            self.stored[stored.key_hash] = replace(stored, denied=True)
            return True

    def use(self, interaction: Interaction, grant: Grant) -> bool:
        """Mark the interaction used by the grant; return False if it changed."""
        stored = self.open(interaction)
        read = interaction.session_id, interaction.authenticated_at
        if stored is None or stored.is_over(grant.created_at) or (stored.session_id, stored.authenticated_at) != read:
            return False
        self.stored[stored.key_hash] = replace(stored, grant_id=grant.gid)
        return True

    def open(self, interaction: Interaction) -> Interaction | None:
        """Return the stored interaction if it is of this browser, neither used nor denied."""
        stored = self.stored.get(interaction.key_hash)
        if stored is None or not _is_of_browser(stored, interaction):
            return None
        return None if stored.denied or stored.grant_id is not None else stored


def _is_of_browser(stored: Interaction, interaction: Interaction) -> bool:
    return interaction.browser_hash is not None and stored.browser_hash == interaction.browser_hash
