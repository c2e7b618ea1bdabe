"""The verifier of a service: the issuer's keys, the strict rules of `keyturn.jose`, and introspection if asked for."""

from __future__ import annotations

from concurrent.futures import wait
from typing import TYPE_CHECKING

from keyturn.adapters.aws.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.issuer_url import check_issuer_url
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.time.ages import Instant
from keyturn.jose import (
    KeySet,
    TokenError,
    TokenErrorReason,
    VerificationPolicy,
    VerifiedAccessToken,
    verify_access_token,
)
from keyturn.jose.policy import checked_seconds
from keyturn.verifier.bounded_http import BoundedHttp
from keyturn.verifier.introspection import Introspector
from keyturn.verifier.issuer_documents import read_documents
from keyturn.verifier.key_cache import KeyAges, KeyCache

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Set
    from concurrent.futures import Future
    from typing import Any

    from keyturn.verifier.introspection import Introspection
    from keyturn.verifier.key_cache import HeldKeys

    Waits = Generator[Future[Any], None, VerifiedAccessToken]

_HOUR, _DAY = 3600, 86_400
_NO_KEYS = KeySet([])


def system_instant() -> Instant:
    """Return the present by this machine's two clocks."""
    return Instant(wall_seconds(), monotonic_seconds())


class JwksVerifier:
    """Verifies the access tokens (RFC 9068) of one issuer for one API; one object serves all threads and coroutines.

    `audience` is a string or a set of strings. `max_age_seconds` bounds the max-age of the JWKS. `stale_seconds`
    prolongs the use of known keys while the JWKS cannot be read. `cooldown_seconds` separates two reads, and
    `timeout_seconds` bounds each read in all. `leeway`, `max_lifetime`, `algorithms` and `previous_issuers` are those
    of VerificationPolicy. The first token causes the first read.
    """

    def __init__(
        self,
        issuer: str,
        audience: str | Set[str],
        *,
        algorithms: Set[str] = frozenset(SIGNING_ALGORITHMS),
        previous_issuers: Set[str] = frozenset(),
        leeway: int = 10,
        max_lifetime: int = _HOUR,
        max_age_seconds: int = 300,
        stale_seconds: int = 0,
        cooldown_seconds: int = 10,
        timeout_seconds: int = 3,
        introspection: Introspection | None = None,
        clock: Callable[[], Instant] = system_instant,
    ) -> None:
        """Raise ValueError for an invalid argument."""
        for each in (issuer, *previous_issuers):
            check_issuer_url(each, on_emulator=True)
        self._policy = VerificationPolicy(
            issuer=issuer,
            audiences={audience} if isinstance(audience, str) else audience,
            algorithms=algorithms,
            leeway=leeway,
            max_lifetime=max_lifetime,
            previous_issuers=previous_issuers,
        )
        cooldown = checked_seconds("cooldown_seconds", cooldown_seconds, 1, _HOUR)
        ages = KeyAges(
            most=checked_seconds("max_age_seconds", max_age_seconds, cooldown, _DAY),
            stale=checked_seconds("stale_seconds", stale_seconds, 0, _DAY),
            cooldown=cooldown,
        )
        self._timeout = timeout = checked_seconds("timeout_seconds", timeout_seconds, 1, 60)
        self._clock = clock
        http = BoundedHttp()
        self._keys = KeyCache(issuer, lambda: read_documents(http, issuer, self._policy.issuers, timeout), ages, clock)
        self._introspector = Introspector(introspection, http, timeout, clock) if introspection else None

    def verify(self, raw: str) -> VerifiedAccessToken:
        """Return the verified token; raises TokenError (answer 401) or VerifierUnavailable (answer 503)."""
        steps = self._steps(raw)
        while not isinstance(reached := _next(steps), VerifiedAccessToken):
            wait([reached], self._timeout)
        return reached

    async def verify_async(self, raw: str) -> VerifiedAccessToken:
        """Return the verified token as `verify` does; asyncio's loop runs on meanwhile."""
        import asyncio  # a service without it never pays for its import

        steps = self._steps(raw)
        while not isinstance(reached := _next(steps), VerifiedAccessToken):
            waiter = asyncio.wrap_future(reached)
            try:
                await asyncio.wait([waiter], timeout=self._timeout)
            finally:
                waiter.cancel()  # the call goes on for others, and must not reach for a loop that is closed by then
        return reached

    def _steps(self, raw: str) -> Waits:
        """Verify the token, and yield each future to wait for."""
        held = self._keys.fresh()
        if held is None:
            self._refuse_malformed(raw)
            held = yield from self._keys.current()
        try:
            token = self._verified(raw, held)
        except TokenError as error:
            if error.reason is not TokenErrorReason.UNKNOWN_KEY:
                raise
            held = yield from self._keys.newer(held)
            token = self._verified(raw, held)
        if "cnf" in token.claims:
            raise TokenError(TokenErrorReason.SENDER_CONSTRAINED)
        if self._introspector is not None:
            yield from self._introspector.check(raw, held.documents.introspection_endpoint)
        return token

    def _verified(self, raw: str, held: HeldKeys) -> VerifiedAccessToken:
        return verify_access_token(raw, held.documents.keys, self._policy, self._clock().wall)

    def _refuse_malformed(self, raw: str) -> None:
        """Raise TokenError for a token that is bad under any key: it must not cause a read."""
        try:
            verify_access_token(raw, _NO_KEYS, self._policy, self._clock().wall)
        except TokenError as error:
            if error.reason is not TokenErrorReason.UNKNOWN_KEY:
                raise


def _next(steps: Waits) -> Future[Any] | VerifiedAccessToken:
    """Return the next future to wait for, or the token that the steps end with."""
    try:
        return next(steps)
    except StopIteration as end:
        token: VerifiedAccessToken = end.value
        return token
