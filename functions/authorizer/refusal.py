"""The two kinds of refusal, 401 and 403: both are answers, and neither is a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.jose import VerifiedAccessToken


class Refused(Exception):
    """A request that may not pass.

    `reason` is one word for the log. `token` is set once it is verified; `kid` names the key of an unverified token.
    A log line may show all of it: of an unverified token, a kid of safe form alone.
    """

    def __init__(self, reason: str, *, token: VerifiedAccessToken | None = None, kid: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.token = token
        self.kid = kid if token is None else token.kid


class Unauthorized(Refused):
    """The request has no valid token: the caller should get one (401 where API Gateway can answer it)."""


class Forbidden(Refused):
    """The token is valid, and does not open this route (403)."""
