"""The one bearer token of a request (RFC 6750 §2.1): from its headers, never from query or body.

A browser cannot set the Authorization header of a WebSocket handshake. In a handshake alone, the token may be in
`Sec-WebSocket-Protocol` instead, right after the one protocol `bearer`: `bearer, <token>, chat.v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.refusal import Unauthorized
from authorizer.request import ApiKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from authorizer.request import AuthorizerRequest


_PROTOCOL = "bearer"
_PROTOCOLS = "sec-websocket-protocol"


def bearer_token(request: AuthorizerRequest) -> str:
    """Return the token of the request's only Authorization value; raises Unauthorized."""
    return _token_of(_authorization_value(request))


def _authorization_value(request: AuthorizerRequest) -> object:
    if request.kind is ApiKind.REST_TOKEN:
        return request.authorization
    if request.kind is ApiKind.WEBSOCKET:
        return _handshake_value(request)
    value = _header_value(request, "authorization")
    if value is None:
        raise Unauthorized("missing_credentials")
    return value


def _handshake_value(request: AuthorizerRequest) -> object:
    value, protocols = _header_value(request, "authorization"), _offered_protocols(request)
    marks = [position for position, each in enumerate(protocols) if each.lower() == _PROTOCOL]
    if not marks:
        if value is None:
            raise Unauthorized("missing_credentials")
        return value
    if value is not None or len(marks) > 1:
        raise Unauthorized("several_credentials")
    return f"Bearer {' '.join(protocols[marks[0] + 1 : marks[0] + 2])}"


def _offered_protocols(request: AuthorizerRequest) -> list[str]:
    """Return the protocols of a handshake in their order: several lines are one list (RFC 6455 §11.3.4)."""
    # `headers` has the last line alone; it is read only where the map of all lines is missing.
    spellings = _under_any_spelling(request.multi_value_headers, _PROTOCOLS)
    spellings = spellings or _under_any_spelling(request.headers, _PROTOCOLS)
    if len(spellings) > 1:
        # The order of lines under two spellings is unknown, and the token's place depends on it.
        raise Unauthorized("several_credentials")
    lines = [line for each in spellings for line in (each if isinstance(each, list) else [each])]
    offered = [protocol.strip(" \t") for line in lines if isinstance(line, str) for protocol in line.split(",")]
    # A list may have empty elements (RFC 9110 §5.6.1.2).
    return [protocol for protocol in offered if protocol]


def _header_value(request: AuthorizerRequest, wanted: str) -> object:
    """Return the header's only value, or None; raises Unauthorized for several."""
    # A REST API keeps the last of several values in `headers` and all of them in `multiValueHeaders`. Each is under the
    # spelling that the client chose. A backend may read any of them, so that only a single value is accepted.
    single = _under_any_spelling(request.headers, wanted)
    several = _under_any_spelling(request.multi_value_headers, wanted)
    if not several and len(single) == 1:
        return single[0]
    values = [each for value in several for each in (value if isinstance(value, list) else [value])]
    if not single and not values:
        return None
    if len(single) > 1 or len(values) > 1 or (single and values and single != values):
        raise Unauthorized("several_credentials")
    return (single or values)[0]


def _under_any_spelling(headers: Mapping[str, Any], wanted: str) -> list[Any]:
    if not headers:
        return []
    # One search in all names at once: a browser sends two dozen.
    found = "\n".join(headers).lower().count(wanted)
    if found == 1 and wanted in headers:
        return [headers[wanted]]
    return [headers[name] for name in headers if name.lower() == wanted] if found else []


def _token_of(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Unauthorized("missing_credentials")
    # HTTP APIs join repeated headers with commas, and a token has no comma.
    if "," in value:
        raise Unauthorized("several_credentials")
    scheme, _, rest = value.partition(" ")
    # One space or more follow the scheme (RFC 9110 §11.4).
    token = rest.lstrip(" ")
    if scheme.lower() != "bearer" or not token or " " in token:
        raise Unauthorized("malformed_credentials")
    return token
