"""The public keys as last read, and for how long they may be believed (R07, R47)."""

from __future__ import annotations

import math

from keyturn.domain.errors import ItemDamaged, KeyturnError, StoreUnavailable
from keyturn.domain.key_ring import to_jwks
from keyturn.domain.view_age import view_age
from keyturn.jose import KeySet
from keyturn.observability import log_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.ports import KeyRingReader


class KeyView:
    """A view of all key rings that is never used at an age of `bound` seconds or more.

    It is read again from half of the bound on; a token whose kid is unknown causes no read, since a key is published
    long before it signs. `wall` and `monotonic` return seconds.
    """

    def __init__(
        self,
        reader: KeyRingReader,
        bound: float,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Take what is needed; the first call of `keys` reads."""
        self._reader = reader
        self._bound = bound
        self._wall = wall
        self._monotonic = monotonic
        self._read_at = (-math.inf, -math.inf)
        self._jwks: object = None
        self._keys = KeySet([])

    def keys(self) -> KeySet:
        """Return keys younger than the bound; raises KeyturnError if there are none to be had."""
        if self._age() < self._bound / 2:
            return self._keys
        fault: KeyturnError | None = None
        try:
            self._refresh()
        except KeyturnError as error:
            fault = error
        # The age is taken again: a read that failed slowly, or a sandbox frozen in it, has cost time.
        if self._age() >= self._bound:
            raise fault or StoreUnavailable(
                "reading the key ring took longer than the revocation bound, or the clock was set back meanwhile"
            )
        if fault is not None:
            log_event("WARN", "key_view_not_refreshed", fault=type(fault).__name__, detail=str(fault))
        return self._keys

    def _age(self) -> float:
        return view_age(self._read_at, (self._wall(), self._monotonic()))

    def _refresh(self) -> None:
        read_at = (self._wall(), self._monotonic())
        jwks = to_jwks(self._reader.load_all())
        if jwks != self._jwks:
            try:
                self._keys = KeySet.from_jwks(jwks)
            except ValueError as error:
                raise ItemDamaged(f"the key rings: {error}") from None
            self._jwks = jwks
        self._read_at = read_at
