"""Grants in memory: the rules of the domain, and one lock for what DynamoDB decides in one write."""

from __future__ import annotations

import threading
from dataclasses import replace

from keyturn.domain.errors import AlreadyExists
from keyturn.domain.grant import Grant, Redemption, Rotation, refuse_redemption, refuse_rotation


class MemoryGrants:
    """A GrantStore; `fault` is raised by every call, `calls` counts them by name."""

    def __init__(self, *grants: Grant) -> None:
        """Begin with these grants."""
        self.stored = {grant.gid: grant for grant in grants}
        self.fault: Exception | None = None
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def create(self, grant: Grant) -> None:
        """Store a new grant; raises AlreadyExists."""
        self._begin("create")
        if self.stored.setdefault(grant.gid, grant).code.code_hash != grant.code.code_hash:
            raise AlreadyExists("a grant of this id exists already")

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None."""
        self._begin("get")
        return self.stored.get(gid)

    def redeem(self, asked: Redemption) -> Grant:
        """Return the grant after the first and only use of its code; raises GrantRefused."""
        self._begin("redeem")
        with self._lock:
            stored = self.stored.get(asked.gid)
            bound = stored is not None and (
                (stored.code.code_hash, stored.client_id, stored.code.redirect_uri, stored.code.challenge)
                == (asked.code_hash, asked.client_id, asked.redirect_uri, asked.challenge)
                and asked.audience in (None, stored.audience)
            )
            if stored is None or not bound or stored.redemption is not None or stored.code.expires_at <= asked.now:
                return refuse_redemption(stored, asked)
            self.stored[asked.gid] = replace(stored, redemption=asked.attempt, refresh=asked.refresh)
            return self.stored[asked.gid]

    def rotate(self, asked: Rotation) -> tuple[Grant, str]:
        """Return the grant, and the nonce of the presented token's one successor; raises GrantRefused."""
        self._begin("rotate")
        with self._lock:
            stored = self.stored.get(asked.gid)
            refresh = None if stored is None else stored.refresh
            if (
                stored is None
                or refresh is None
                or (refresh.proof_hash, refresh.current_hash) != (asked.proof_hash, asked.secret_hash)
                or stored.client_id != asked.client_id
                or refresh.is_over(asked.latest)
                or not asked.scope <= stored.scope
                or asked.audience not in (None, stored.audience)
            ):
                nonce = refuse_rotation(stored, asked)
                assert stored is not None
                return stored, nonce
            rotated = replace(
                refresh,
                current_hash=asked.successor_hash,
                previous_hash=asked.secret_hash,
                successor_nonce=asked.successor_nonce,
                rotated_at=asked.earliest,
                idle_expires_at=asked.idle_expires_at,
            )
            self.stored[asked.gid] = replace(stored, refresh=rotated)
            return self.stored[asked.gid], asked.successor_nonce

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        if self.fault is not None:
            raise self.fault
