"""The two ways to say no: both are answers, neither is a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.jose import VerifiedAccessToken


class Refused(Exception):
    """A request that may not pass.

    `reason` is one word for the log; `token` is there once it is verified; `kid` names the key of one that is not.
    """

    def __init__(self, reason: str, *, token: VerifiedAccessToken | None = None, kid: str | None = None) -> None:
        """Take what a log line may say; nothing of an unverified token but a kid of safe form."""
        super().__init__(reason)
        self.reason = reason
        self.token = token
        self.kid = kid if token is None else token.kid


class Unauthorized(Refused):
    """There is no token that holds: the caller should get one (401 where API Gateway can say so)."""


class Forbidden(Refused):
    """The token holds and does not open this route (403)."""
