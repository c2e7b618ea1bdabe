"""A machine's two clocks, which a test moves together or apart."""

from __future__ import annotations

from keyturn.domain.time.ages import Instant
from tests.fakes.token_factory import NOW


class TwoClocks:
    """The clock of a JwksVerifier: a call returns the present."""

    def __init__(self) -> None:
        self.wall = float(NOW)
        self.monotonic = 100.0

    def __call__(self) -> Instant:
        """Return the present by both clocks."""
        return Instant(self.wall, self.monotonic)

    def wait(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.wall += seconds
        self.monotonic += seconds
