"""A user's consents: whether one covers a request, how one is recorded, how one is withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.interactions.interaction import ConsentMark
from keyturn.domain.revocation import Revocation, TargetKind, pair_cutoff, pair_target
from keyturn.domain.revocation_expiry import revocation_expiry
from keyturn.domain.sessions.revocation_limit import (
    USER_REVOCATIONS,
    USER_REVOCATIONS_WINDOW,
    user_revocations_bucket,
)
from keyturn.domain.users.consent import Consent

if TYPE_CHECKING:
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.ports import Attempts, Clock, ConsentStore, InteractionStore, RevocationReader, RevocationWriter

# Seconds. A cutoff lies at the late end of its writer's present, a consent at the early end of ours (ADR 5).
_LONGEST_WAIT = 5.0
_READS = 3


class Consents:
    """Compares consents with the cutoffs of their user at their client."""

    def __init__(
        self, consents: ConsentStore, interactions: InteractionStore, revocations: RevocationReader, clock: Clock
    ) -> None:
        self._consents = consents
        self._interactions = interactions
        self._revocations = revocations
        self._clock = clock

    def cover(self, subject: str, interaction: Interaction) -> bool:
        """Return whether the stored consent is later than its last withdrawal and allows the request."""
        stored = self._consents.get(subject, interaction.client_id)
        if stored is None:
            return False
        revoked_at = pair_cutoff(self._revocations.find([pair_target(subject, interaction.client_id)]))
        return stored.covers(scope=interaction.scope, resource=interaction.resource, revoked_at=revoked_at)

    def record(self, subject: str, interaction: Interaction) -> ConsentMark | None:
        """Write the user's consent and the interaction's mark; return None if the interaction changed meanwhile.

        An earlier consent at the same resource stays part of the new one, unless it was withdrawn.
        """
        at, revoked_at = self._present(subject, interaction.client_id)
        mark = ConsentMark(scope=interaction.scope, resource=interaction.resource, at=at)
        stored = self._consents.get(subject, interaction.client_id)
        scope = interaction.scope
        if stored is not None and stored.covers(
            scope=frozenset(), resource=interaction.resource, revoked_at=revoked_at
        ):
            scope |= stored.scope
        consent = Consent(
            subject=subject, client_id=interaction.client_id, scope=scope, resource=interaction.resource, at=at
        )
        return mark if self._interactions.consent(interaction, mark, consent) else None

    def _present(self, subject: str, client_id: str) -> tuple[int, int]:
        """Return the present in whole seconds, later than the last withdrawal, and the time of that (-1: none).

        The clock is read before the cutoffs: a withdrawal that is stored later lies after the consent.
        """
        for _ in range(_READS):
            now = self._clock.now().earliest
            revoked_at = pair_cutoff(self._revocations.find([pair_target(subject, client_id)]))
            ahead = revoked_at + 1 - now
            if ahead <= 0:
                return int(now), revoked_at
            if ahead > _LONGEST_WAIT:
                break
            self._clock.pause(ahead)
        raise StoreUnavailable("a withdrawal of consent lies in the future")


class WithdrawConsent:
    """Withdraws consents; each call may be repeated."""

    def __init__(
        self,
        consents: ConsentStore,
        revocations: RevocationWriter,
        attempts: Attempts,
        clock: Clock,
        *,
        token_horizon: int,
    ) -> None:
        self._consents = consents
        self._revocations = revocations
        self._attempts = attempts
        self._clock = clock
        self._token_horizon = token_horizon

    def withdraw(self, subject: str, client_id: str) -> int:
        """End every token and grant of the user at the client and delete the consent; return 0.

        Returns the seconds to wait where the user's revocations of the day are spent; nothing changed then. The cutoff
        comes first: a consent that a crash leaves behind covers nothing, and the user can still see and withdraw it.
        """
        if self._consents.get(subject, client_id) is None:
            return 0
        now = self._clock.now()
        wait = self._attempts.take(
            user_revocations_bucket(subject),
            limit=USER_REVOCATIONS,
            window=USER_REVOCATIONS_WINDOW,
            now=int(now.earliest),
        )
        if wait:
            return wait
        at = int(now.latest)
        expires_at = revocation_expiry(TargetKind.PAIR, now=at, token_horizon=self._token_horizon)
        self._revocations.revoke(
            Revocation(pair_target(subject, client_id), not_before=at, expires_at=expires_at),
            reason="consent_withdrawn",
            actor=subject,
        )
        self._consents.withdraw(subject, client_id)
        return 0
