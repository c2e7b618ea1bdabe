"""Throttling of sign-ins (NIST SP 800-63B-4 §3.2.2; OWASP device cookies): decided before a hash is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.credentials.buckets import (
    MAX_FAILURES,
    AttemptLimits,
    bucket_of_changes,
    buckets_of_known_browser,
    buckets_of_unknown_browser,
)

if TYPE_CHECKING:
    from keyturn.user_ports import Attempts, KnownBrowsers


class Admission(NamedTuple):
    """Whether a password may be compared now: `retry_after` is 0, or the seconds until it may.

    `is_locked` refuses every password in this browser. The comparison is still made: the response must not reveal
    whether the password was right.
    """

    is_known: bool
    is_locked: bool = False
    retry_after: int = 0


class Throttle:
    """Counts attempts. A known browser waits for itself alone; others cannot learn whether an account exists."""

    def __init__(self, attempts: Attempts, known_browsers: KnownBrowsers, limits: AttemptLimits) -> None:
        self._attempts = attempts
        self._known_browsers = known_browsers
        self._limits = limits

    def admit(
        self, subject: str, *, email: str, address: str, device_hash: str | None, credential_revision: int, now: int
    ) -> Admission:
        """Take one attempt from each bucket of this browser, and stop at the first empty one.

        `credential_revision` is -1 without a stored password. `now` is service time in whole seconds.
        """
        is_known = device_hash is not None and self._known_browsers.knows(
            subject, device_hash, credential_revision=credential_revision, now=now
        )
        if is_known and device_hash is not None:
            buckets = buckets_of_known_browser(subject, device_hash, self._limits)
        else:
            buckets = buckets_of_unknown_browser(email, address, self._limits)
        for bucket in buckets:
            wait = self._attempts.take(bucket.name, limit=bucket.limit, window=self._limits.window, now=now)
            if wait > 0:
                return Admission(is_known=is_known, retry_after=wait)
        return Admission(is_known, is_locked=not is_known and self._attempts.failures(subject) >= MAX_FAILURES)

    def admit_change(self, subject: str, *, now: int) -> int:
        """Take one guess at the current password by a user who is signed in; return 0 or the seconds to wait."""
        bucket = bucket_of_changes(subject, self._limits)
        return self._attempts.take(bucket.name, limit=bucket.limit, window=self._limits.window, now=now)

    def note_failure(self, subject: str, admission: Admission, *, now: int) -> None:
        """Count a failure in a row; a known browser has its own bucket and locks nobody out."""
        if not admission.is_known:
            self._attempts.fail(subject, now=now)

    def note_success(self, subject: str, admission: Admission) -> None:
        """Begin again at no failures after a success from an unknown browser."""
        if not admission.is_known:
            self._attempts.forgive(subject)
