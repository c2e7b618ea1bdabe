"""The faults of a verifying service: the token may be good, so that the response is 503 and not 401."""

from __future__ import annotations

from keyturn.domain.errors import KeyturnError


class VerifierUnavailable(KeyturnError):
    """The token cannot be decided about now: answer 503, with `retry_after` in seconds as `Retry-After`.

    `problem` is one sentence for a log, free of the token, and `next_step` says what to type.
    """

    def __init__(self, problem: str, next_step: str, retry_after: int) -> None:
        """Keep the three parts, which pickle passes on."""
        self.problem = problem
        self.next_step = next_step
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the problem and the next step."""
        return f"{self.problem}: {self.next_step}"


class JwksUnavailable(VerifierUnavailable):
    """The issuer's keys cannot be read, and the known keys are too old."""


class IntrospectionUnavailable(VerifierUnavailable):
    """The issuer does not say whether the token is revoked."""
