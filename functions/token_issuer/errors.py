"""What a client is told when it gets no token (RFC 6749 §5.2): one base, one subclass per cause.

`description` is public and never repeats input; `detail` is for the log alone.
"""

from __future__ import annotations

from typing import ClassVar

from keyturn.domain.errors import (
    ClockUnavailable,
    KeyturnError,
    KeyUnusable,
    NoActiveKey,
    StoreUnavailable,
    Throttled,
)
from keyturn.web import errors as web


class OAuthError(Exception):
    """The base of every refusal; each subclass has its error code and HTTP status."""

    error: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, description: str, *, detail: str = "", headers: dict[str, str] | None = None) -> None:
        """Take the public sentence, the private one, and the headers that the answer needs besides."""
        super().__init__(description)
        self.description = description
        self.detail = detail
        self.headers = headers or {}


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed (RFC 6749 §5.2)."""

    error = "invalid_request"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than any request needs (RFC 9110 §15.5.14)."""

    status = 413


class NotFound(InvalidRequest):
    """No endpoint has this path."""

    status = 404


class MethodNotAllowed(InvalidRequest):
    """The endpoint does not take this method (RFC 9110 §15.5.6)."""

    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Take the methods that the endpoint does take."""
        methods = ", ".join(allowed)
        super().__init__(f"this endpoint takes {methods} only", headers={"allow": methods})


class InvalidClient(OAuthError):
    """Client authentication failed: which half of it was wrong is nobody's business (RFC 6749 §5.2)."""

    error = "invalid_client"
    status = 401

    def __init__(self, detail: str) -> None:
        """Take the reason for the log; the client reads the same sentence always."""
        # RFC 6749 asks for the challenge when the header was used, RFC 9110 §15.5.2 with every 401.
        super().__init__(
            "client authentication failed",
            detail=detail,
            headers={"www-authenticate": 'Basic realm="keyturn", charset="UTF-8"'},
        )


class TokenTooLarge(InvalidRequest):
    """What the token would say does not fit into it."""

    def __init__(self, size: int, *, limit: int) -> None:
        """Take the size for the log, and the limit, both in bytes of the signing input (RFC 7515 §5.1)."""
        super().__init__(
            f"the token would be larger than {limit} bytes: ask for less scope, or have fewer or shorter custom claims",
            detail=f"the token's signing input has {size} bytes, and may have {limit}",
        )


class InvalidGrant(OAuthError):
    """What the client presents allows nothing, or does not any more (RFC 6749 §5.2)."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is not registered for this grant type (RFC 6749 §5.2)."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """No grant of this type exists here (RFC 6749 §5.2)."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """The scope is malformed, or more than the client may have (RFC 6749 §5.2)."""

    error = "invalid_scope"


class InvalidTarget(OAuthError):
    """The resource is not one that the client may have tokens for (RFC 8707 §2)."""

    error = "invalid_target"


class UnsupportedResponseType(OAuthError):
    """The authorization endpoint gives codes alone (RFC 6749 §4.1.2.1)."""

    error = "unsupported_response_type"


class LoginRequired(OAuthError):
    """The user has to log in, and no page may be shown or the one who did does not do (OIDC Core §3.1.2.6)."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """The user has to allow the client, and no page may be shown (OIDC Core §3.1.2.6)."""

    error = "consent_required"


class InteractionRequired(OAuthError):
    """The user has to confirm something, and no page may be shown (OIDC Core §3.1.2.6)."""

    error = "interaction_required"


class UserDenied(OAuthError):
    """The user refused (RFC 6749 §4.1.2.1)."""

    error = "access_denied"


class RequestNotSupported(OAuthError):
    """The parameter `request` is not supported (OIDC Core §3.1.2.6)."""

    error = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    """The parameter `request_uri` is not supported (OIDC Core §3.1.2.6)."""

    error = "request_uri_not_supported"


class RegistrationNotSupported(OAuthError):
    """The parameter `registration` is not supported (OIDC Core §3.1.2.6)."""

    error = "registration_not_supported"


class InvalidToken(OAuthError):
    """The access token of a protected endpoint of the issuer does not hold (RFC 6750 §3.1)."""

    error = "invalid_token"
    status = 401

    def __init__(self, description: str, *, detail: str = "") -> None:
        """Take the public sentence, none where no token was presented, and the reason for the log."""
        told = f', error="invalid_token", error_description="{description}"' if description else ""
        super().__init__(
            description or "an access token is needed",
            detail=detail,
            headers={"www-authenticate": f'Bearer realm="keyturn"{told}'},
        )


class SeveralTokens(InvalidRequest):
    """An access token came by more than one method (RFC 6750 §3.1)."""

    def __init__(self) -> None:
        """Say so in the challenge too (RFC 6750 §3)."""
        description = "the access token is there more than once"
        challenge = f'Bearer realm="keyturn", error="{self.error}", error_description="{description}"'
        super().__init__(description, headers={"www-authenticate": challenge})


class InsufficientScope(OAuthError):
    """The access token lacks a scope (RFC 6750 §3.1)."""

    error = "insufficient_scope"
    status = 403

    def __init__(self, scope: str) -> None:
        """Take the scope that is needed."""
        challenge = f'Bearer realm="keyturn", error="insufficient_scope", scope="{scope}"'
        super().__init__(f"the scope {scope} is needed", headers={"www-authenticate": challenge})


class TemporarilyUnavailable(OAuthError):
    """A store or KMS did not answer: nothing was issued or changed by half, and the request may be sent again."""

    error = "temporarily_unavailable"
    status = 503

    def __init__(self, detail: str, *, retry_after: int) -> None:
        """Take the fault for the log, and the seconds after which a retry makes sense."""
        super().__init__("try again later", detail=detail, headers={"retry-after": str(retry_after)})


class TooManyRequests(TemporarilyUnavailable):
    """The client sends more requests a minute than it is registered for (RFC 6585 §4); nothing was changed."""

    status = 429


class ServerError(OAuthError):
    """Something that waiting does not mend: an operator has to look."""

    error = "server_error"
    status = 500

    def __init__(self, detail: str) -> None:
        """Take the fault for the log."""
        super().__init__("the server could not answer this request", detail=detail)


def as_oauth_error(error: Exception) -> OAuthError:
    """Return what the client is told about any error: refusals as they are, faults without their inner life."""
    if isinstance(error, OAuthError):
        return error
    if isinstance(error, web.BadRequest):
        return (PayloadTooLarge if isinstance(error, web.PayloadTooLarge) else InvalidRequest)(str(error))
    if not isinstance(error, KeyturnError):
        # The message of a foreign exception may quote what it choked on, a secret for instance: its type has to do.
        return ServerError(type(error).__name__)
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, Throttled):
        return TemporarilyUnavailable(detail, retry_after=1)
    if isinstance(error, (StoreUnavailable, NoActiveKey, KeyUnusable, ClockUnavailable)):
        return TemporarilyUnavailable(detail, retry_after=5)
    return ServerError(detail)
