"""Service time: the interval in which the present lies, by a clock that all functions share.

`Date` headers have a resolution of one second and arrive late, so that one number would be off by more than a second in
either direction. An interval is honest: tokens are issued at its early end and revocations cut at its late end, hence a
token issued before a revocation can never carry an `iat` after it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class ServiceTime(NamedTuple):
        """Seconds since the epoch: the present is neither before `earliest` nor after `latest`."""

        earliest: float
        latest: float
else:
    from collections import namedtuple

    ServiceTime = namedtuple("ServiceTime", ("earliest", "latest"))
