"""Refusals of an operator's request to rotate or compromise a key; the ring stays unchanged."""

from __future__ import annotations

from keyturn.domain.errors import KeyturnError


class RotationRefused(KeyturnError):
    """A refusal: `code` for programs, the message for people, `retry_after` in seconds where waiting helps."""

    code = "rotation_refused"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownKey(RotationRefused):
    """The ring has no key with this kid."""

    code = "unknown_key"


class UnknownRing(RotationRefused):
    """The stack has no ring of this name."""

    code = "unknown_ring"


class RingNotInUse(RotationRefused):
    """No audience asks for this ring's algorithm any more."""

    code = "ring_not_in_use"


class NoStandby(RotationRefused):
    """The ring has no standby to promote; the next tick creates one."""

    code = "no_standby"


class StandbyTooYoung(RotationRefused):
    """Some verifiers may not know the standby yet (invariant I1)."""

    code = "standby_too_young"

    def __init__(self, retry_after: int) -> None:
        message = f"the standby has not been published for the whole lead: wait {retry_after} s"
        super().__init__(message, retry_after)


class TooManyPublished(RotationRefused):
    """The JWKS is full, so that the next standby could not be published (invariant I9)."""

    code = "too_many_published"

    def __init__(self, retry_after: int) -> None:
        message = f"the JWKS is full until the next deactivated key leaves it: wait {retry_after} s"
        super().__init__(message, retry_after)
