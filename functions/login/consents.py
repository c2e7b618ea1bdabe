"""A user's consents: whether one covers a request, how one is recorded, how one is withdrawn."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from keyturn.domain.interactions.interaction import ConsentMark
from keyturn.domain.revocations.revocation import pair_cutoff, pair_target
from keyturn.domain.users.consent import Consent

if TYPE_CHECKING:
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.issue_time import IssueTimes
    from keyturn.ports import RevocationReader
    from keyturn.user_ports import ConsentStore, InteractionStore
    from login.user_revocations import UserRevocations


class Consents:
    """Compares consents with the cutoffs of their user at their client."""

    def __init__(
        self, consents: ConsentStore, interactions: InteractionStore, revocations: RevocationReader, times: IssueTimes
    ) -> None:
        self._consents = consents
        self._interactions = interactions
        self._revocations = revocations
        self._times = times

    def cover(self, subject: str, interaction: Interaction) -> bool:
        """Return whether the stored consent is later than its last withdrawal and allows the request."""
        stored = self._consents.get(subject, interaction.client_id)
        if stored is None:
            return False
        revoked_at = pair_cutoff(self._revocations.find([pair_target(subject, interaction.client_id)]))
        return stored.covers(scope=interaction.scope, resource=interaction.resource, revoked_at=revoked_at)

    def record(self, subject: str, interaction: Interaction) -> ConsentMark | None:
        """Write the user's consent and the interaction's mark; return None if the interaction changed meanwhile.

        Its time lies after the last withdrawal (ADR 5). An earlier consent at the same resource stays part of it,
        unless it was withdrawn.
        """
        client_id, scope, resource = interaction.client_id, interaction.scope, interaction.resource
        check = self._times.read([pair_target(subject, client_id)])
        at, revoked_at = floor(check.since.earliest), pair_cutoff(check.found)
        stored = self._consents.get(subject, client_id)
        allowed = scope
        if stored is not None and stored.covers(scope=frozenset(), resource=resource, revoked_at=revoked_at):
            allowed |= stored.scope
        mark = ConsentMark(scope=scope, resource=resource, at=at)
        consent = Consent(subject=subject, client_id=client_id, scope=allowed, resource=resource, at=at)
        return mark if self._interactions.consent(interaction, mark, consent) else None


class WithdrawConsent:
    """Withdraws consents; each call may be repeated."""

    def __init__(self, consents: ConsentStore, revocations: UserRevocations) -> None:
        self._consents = consents
        self._revocations = revocations

    def withdraw(self, subject: str, client_id: str) -> int | None:
        """End every token and grant of the user at the client and delete the consent; return 0, or None without one.

        Returns the seconds to wait where the user's revocations of the day are spent; nothing changed then. The cutoff
        comes first: a consent that a crash leaves behind covers nothing, and the user can still see and withdraw it.
        """
        if self._consents.get(subject, client_id) is None:
            return None
        wait = self._revocations.take(subject)
        if wait > 0:
            return wait
        cutoff = self._revocations.cut_off_client(subject, client_id, reason="consent_withdrawn")
        # A consent that is given meanwhile in another tab stays: its grant lives, and the user must be able to see it.
        self._consents.withdraw(subject, client_id, until=cutoff)
        return 0
