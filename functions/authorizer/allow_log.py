"""The log of allowed requests: a sample of them, because most requests are allowed and each line costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.observability import log_event

if TYPE_CHECKING:
    from authorizer.request import AuthorizerRequest
    from keyturn.jose import VerifiedAccessToken


class AllowLog:
    """The lines of `percent` (0 to 100) of the allowed requests: evenly spread, with the first one of a sandbox.

    At 0 percent there are no lines.
    """

    __slots__ = ("_hundredths", "_percent")

    def __init__(self, percent: int) -> None:
        self._percent = percent
        # Each request adds its share of a line in hundredths; a whole line is written at 100.
        self._hundredths = 99

    def record(self, request: AuthorizerRequest, token: VerifiedAccessToken) -> None:
        """Count an allowed request, and write a line if it is one of the sample."""
        self._hundredths += self._percent
        if self._hundredths >= 100:
            self._hundredths -= 100
            log_event("INFO", "allowed", api=request.kind, jti=token.jti)
