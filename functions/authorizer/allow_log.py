"""Of allowed requests only a sample is logged: they are most of all lines, and each one is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.observability import log_event

if TYPE_CHECKING:
    from authorizer.request import AuthorizerRequest
    from keyturn.jose import VerifiedAccessToken


class AllowLog:
    """The lines of allowed requests: evenly spread, so many in a hundred of them, the first of a sandbox among them."""

    __slots__ = ("_owed", "_percent")

    def __init__(self, percent: int) -> None:
        """Take how many in a hundred, 0 to 100; at 0 there is none."""
        self._percent = percent
        self._owed = 99

    def note(self, request: AuthorizerRequest, token: VerifiedAccessToken) -> None:
        """Write a line if this request is one of the sample."""
        self._owed += self._percent
        if self._owed >= 100:
            self._owed -= 100
            log_event("INFO", "allowed", api=request.kind, jti=token.jti)
