"""The errors that the issuer returns (RFC 6749 §5.2): one base, one subclass per cause.

`description` is public and never repeats input; `detail` is for the log only.
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
    """The base of every error; each subclass has its error code and HTTP status.

    `headers` are further headers of the response.
    """

    error: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, description: str, *, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.detail = detail
        self.headers = headers or {}


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed (RFC 6749 §5.2)."""

    error = "invalid_request"


class PayloadTooLarge(InvalidRequest):
    """The body exceeds the size limit (RFC 9110 §15.5.14)."""

    status = 413


class UnsupportedContentCoding(InvalidRequest):
    """The body has a content coding (RFC 9110 §15.5.16); the response names the accepted one (§12.5.3)."""

    status = 415

    def __init__(self, description: str) -> None:
        super().__init__(description, headers={"accept-encoding": "identity"})


class NotFound(InvalidRequest):
    """No endpoint has this path."""

    status = 404


class MethodNotAllowed(InvalidRequest):
    """The endpoint does not accept this method (RFC 9110 §15.5.6)."""

    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        methods = ", ".join(allowed)
        super().__init__(f"this endpoint accepts {methods} only", headers={"allow": methods})


class InvalidClient(OAuthError):
    """Client authentication failed (RFC 6749 §5.2); `detail` has the reason, which the client must not learn."""

    error = "invalid_client"
    status = 401

    def __init__(self, detail: str) -> None:
        # RFC 6749 requires the challenge after an Authorization header, RFC 9110 §15.5.2 with every 401.
        super().__init__(
            "client authentication failed",
            detail=detail,
            headers={"www-authenticate": 'Basic realm="keyturn", charset="UTF-8"'},
        )


class TokenTooLarge(InvalidRequest):
    """The token's claims exceed the size limit.

    `size` and `limit` are in bytes of the signing input (RFC 7515 §5.1).
    """

    def __init__(self, size: int, *, limit: int) -> None:
        super().__init__(
            f"the token would be larger than {limit} bytes: request less scope, or register "
            "fewer or shorter custom claims",
            detail=f"the token's signing input has {size} bytes; the limit is {limit}",
        )


class InvalidGrant(OAuthError):
    """The code or refresh token is unknown, expired or revoked (RFC 6749 §5.2)."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is not registered for this grant type (RFC 6749 §5.2)."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The issuer does not support this grant type (RFC 6749 §5.2)."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """The scope is malformed, or exceeds what the client may have (RFC 6749 §5.2)."""

    error = "invalid_scope"


class InvalidTarget(OAuthError):
    """The client may not have tokens for this resource (RFC 8707 §2)."""

    error = "invalid_target"


class UnsupportedResponseType(OAuthError):
    """The authorization endpoint supports the response type code only (RFC 6749 §4.1.2.1)."""

    error = "unsupported_response_type"


class LoginRequired(OAuthError):
    """The user has to sign in and prompt=none forbids it, or another user than expected did (OIDC Core §3.1.2.6)."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """The user has to allow the client, and prompt=none forbids a page (OIDC Core §3.1.2.6)."""

    error = "consent_required"


class InteractionRequired(OAuthError):
    """The user has to confirm the client, and prompt=none forbids a page (OIDC Core §3.1.2.6)."""

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
    """The access token for userinfo is invalid (RFC 6750 §3.1); `description` is empty if none was presented."""

    error = "invalid_token"
    status = 401

    def __init__(self, description: str, *, detail: str = "") -> None:
        parameters = f', error="invalid_token", error_description="{description}"' if description else ""
        super().__init__(
            description or "an access token is needed",
            detail=detail,
            headers={"www-authenticate": f'Bearer realm="keyturn"{parameters}'},
        )


class SeveralTokens(InvalidRequest):
    """The request has an access token by more than one method (RFC 6750 §3.1)."""

    def __init__(self) -> None:
        description = "the request has more than one access token"
        # The challenge repeats the error (RFC 6750 §3).
        challenge = f'Bearer realm="keyturn", error="{self.error}", error_description="{description}"'
        super().__init__(description, headers={"www-authenticate": challenge})


class InsufficientScope(OAuthError):
    """The access token lacks a scope (RFC 6750 §3.1)."""

    error = "insufficient_scope"
    status = 403

    def __init__(self, scope: str) -> None:
        challenge = f'Bearer realm="keyturn", error="insufficient_scope", scope="{scope}"'
        super().__init__(f"the scope {scope} is needed", headers={"www-authenticate": challenge})


class TemporarilyUnavailable(OAuthError):
    """A store or KMS did not answer; every change is complete or absent, so that the client can retry.

    `retry_after` is in seconds.
    """

    error = "temporarily_unavailable"
    status = 503

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__("try again later", detail=detail, headers={"retry-after": str(retry_after)})


class TooManyRequests(TemporarilyUnavailable):
    """The client exceeded its registered requests a minute (RFC 6585 §4); nothing was changed."""

    status = 429


class ServerError(OAuthError):
    """A fault that only an operator can fix; `detail` describes it for the log."""

    error = "server_error"
    status = 500

    def __init__(self, detail: str) -> None:
        super().__init__("the server could not answer this request", detail=detail)


_REFUSED_BODIES: dict[type[web.BadRequest], type[PayloadTooLarge | UnsupportedContentCoding]] = {
    web.PayloadTooLarge: PayloadTooLarge,
    web.UnsupportedContentCoding: UnsupportedContentCoding,
}


def as_oauth_error(error: Exception) -> OAuthError:
    """Return the public form of any error: an OAuthError as it is, a fault without its details."""
    if isinstance(error, OAuthError):
        return error
    if isinstance(error, web.BadRequest):
        return _REFUSED_BODIES.get(type(error), InvalidRequest)(str(error))
    if not isinstance(error, KeyturnError):
        # The message of a foreign exception may quote its input, for instance a secret; its type is safe to log.
        return ServerError(type(error).__name__)
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, Throttled):
        return TemporarilyUnavailable(detail, retry_after=1)
    if isinstance(error, (StoreUnavailable, NoActiveKey, KeyUnusable, ClockUnavailable)):
        return TemporarilyUnavailable(detail, retry_after=5)
    return ServerError(detail)
