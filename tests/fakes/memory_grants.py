"""Grants in memory: the rules of the domain, and one lock for what DynamoDB decides in one write."""

from __future__ import annotations

import threading

from keyturn.domain.errors import AlreadyExists
from keyturn.domain.grants.grant import Grant, Redemption, Rotation, check_redemption, check_rotation, refuse_rotation
from keyturn.domain.interactions.interaction import Interaction
from tests.fakes.memory_interactions import MemoryInteractions


class MemoryGrants:
    """Grants in memory; every call raises `fault` if it is set; `calls` counts them by name."""

    def __init__(self, *grants: Grant, interactions: MemoryInteractions | None = None) -> None:
        self._interactions = MemoryInteractions() if interactions is None else interactions
        self.stored = {grant.gid: grant for grant in grants}
        self.fault: Exception | None = None
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def create(self, grant: Grant, *, interaction: Interaction | None = None) -> bool:
        """Store a new grant and mark the interaction used; return False if the interaction changed."""
        self._begin("create")
        with self._lock:
            stored = self.stored.get(grant.gid)
            if stored is not None and stored.code.code_hash != grant.code.code_hash:
                raise AlreadyExists("a grant of this id exists already")
            if stored is None and interaction is not None and not self._interactions.use(interaction, grant):
                return False
            self.stored.setdefault(grant.gid, grant)
            return True

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None."""
        self._begin("get")
        return self.stored.get(gid)

    def redeem(self, asked: Redemption) -> None:
        """Note the first and only use of a code; raises GrantRefused."""
        self._begin("redeem")
        with self._lock:
            stored = check_redemption(self.stored.get(asked.gid), asked)
            self.stored[asked.gid] = stored._replace(redemption=asked.attempt, refresh=asked.refresh)

    def rotate(self, asked: Rotation) -> str:
        """Return the nonce of the presented token's one successor; raises GrantRefused."""
        self._begin("rotate")
        with self._lock:
            stored = self.stored.get(asked.gid)
            refresh = None if stored is None else stored.refresh
            if stored is None or refresh is None or refresh.current_hash != asked.secret_hash:
                return refuse_rotation(stored, asked)
            check_rotation(stored, asked)
            rotated = refresh._replace(
                current_hash=asked.successor_hash,
                previous_hash=asked.secret_hash,
                successor_nonce=asked.successor_nonce,
                rotated_at=asked.earliest,
                idle_expires_at=asked.idle_expires_at,
            )
            self.stored[asked.gid] = stored._replace(refresh=rotated)
            return asked.successor_nonce

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        if self.fault is not None:
            raise self.fault
