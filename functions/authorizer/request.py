"""The request in an authorizer event; the members of the event show which of API Gateway's shapes it has."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from keyturn.domain.access.api_rules import METHODS
from keyturn.domain.errors import KeyturnError
from keyturn.domain.time.ages import request_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class ApiKind(enum.StrEnum):
    """The shape of an event, which decides the shape of the answer."""

    REST_TOKEN = "rest_token"
    REST_REQUEST = "rest_request"
    HTTP_1_0 = "http_1.0"
    HTTP_2_0 = "http_2.0"
    WEBSOCKET = "websocket"


_CONNECT = "$connect"
_DEFAULT = "$default"
_WITHOUT_PATH = (_CONNECT, _DEFAULT)
# A caller chooses the method: each token is read, and rules refuse the ones that they cannot name (RFC 9110 §9.1).
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# API mappings of custom domains have few segments.
_LONGEST_MAPPING = 4

REST_KINDS = frozenset({ApiKind.REST_TOKEN, ApiKind.REST_REQUEST})


class UnknownEvent(KeyturnError):
    """The event is not an authorizer event of a supported API: another caller than API Gateway sent it."""


class AuthorizerRequest:
    """One request at the gateway, as API Gateway itself describes it.

    `arn`, as sent, names the request exactly; `api_id`, `method` and `path` are its parts. `path` is as the caller
    wrote it, without the leading slash. An ARN that ends in `$connect` or `$default` has that as its method, and an
    empty path.
    `template` is the route that API Gateway chose: `/reports/{id}`, `$default` or `$connect`. A TOKEN event has no
    route: None. `paths` are the paths that the request may have: the ARN's alone where it has one. `headers` and
    `multi_value_headers` are as sent; `authorization` is that of a TOKEN event. `time` is when API Gateway received the
    request, `deadline` when Lambda ends the invocation: in seconds since the epoch, or None. `id` is API Gateway's id
    of the request; for a TOKEN event, which has none, it is Lambda's id of the invocation.
    """

    __slots__ = (
        "api_id",
        "arn",
        "authorization",
        "deadline",
        "headers",
        "id",
        "kind",
        "method",
        "multi_value_headers",
        "path",
        "paths",
        "template",
        "time",
    )

    def __init__(self, kind: ApiKind, event: Mapping[str, Any], arn: str, template: str | None) -> None:
        """Read the event's parts; raises UnknownEvent."""
        self.kind = kind
        self.arn = arn
        self.api_id, self.method, self.path = _split_arn(arn)
        self.template = template
        self.paths: tuple[str, ...] = (self.path,)
        if template == _DEFAULT or (template is not None and "{" in template and self.path == template[1:]):
            self.method, self.paths = _method_and_paths(event, self.method, self.path)
        self.headers = _mapping(event.get("headers"))
        self.multi_value_headers = _mapping(event.get("multiValueHeaders"))
        self.authorization = event.get("authorizationToken") if kind is ApiKind.REST_TOKEN else None
        # A TOKEN event has no requestContext.
        context = _mapping(event.get("requestContext"))
        self.time = request_seconds(context.get("timeEpoch" if kind is ApiKind.HTTP_2_0 else "requestTimeEpoch"))
        self.id: object = context.get("requestId")
        self.deadline: float | None = None


def parse_request(event: object, context: object = None) -> AuthorizerRequest:
    """Return the request of an authorizer event; raises UnknownEvent. `context` is Lambda's."""
    request = _parse_event(event)
    # The deadline has no public name: get_remaining_time_in_millis compares it with a wall clock that may lag.
    request.deadline = request_seconds(getattr(context, "_epoch_deadline_time_in_ms", None))
    if request.kind is ApiKind.REST_TOKEN:
        # API Gateway's access log has the same id, as $context.authorizer.requestId.
        request.id = getattr(context, "aws_request_id", None)
    return request


def describe_request(request: AuthorizerRequest, route: str | None) -> dict[str, Any]:
    """Return the fields of a log line about a request: never its path, which may hold personal data or a secret."""
    # A caller can write anything into the method.
    method = request.method if request.method in METHODS or request.method == _CONNECT else "other"
    return {"api": request.kind, "api_id": request.api_id, "method": method, "route": route, "request_id": request.id}


def _parse_event(event: object) -> AuthorizerRequest:
    if not isinstance(event, dict):
        raise UnknownEvent("the event is not a JSON object")
    request = _parse_method_arn(event) if "methodArn" in event else None
    if request is not None:
        return request
    if event.get("version") == "2.0" and "routeArn" in event and "routeKey" in event:
        # "GET /reports/{id}", or "$default".
        template = _text(event, "routeKey").rpartition(" ")[2]
        return AuthorizerRequest(ApiKind.HTTP_2_0, event, _text(event, "routeArn"), template)
    raise UnknownEvent("the event is not one of an API Gateway authorizer")


def _parse_method_arn(event: Mapping[str, Any]) -> AuthorizerRequest | None:
    """Return the request of any event but that of an HTTP API's version 2.0, or None; raises UnknownEvent."""
    declared = event.get("type")
    if declared == "TOKEN":
        return AuthorizerRequest(ApiKind.REST_TOKEN, event, _text(event, "methodArn"), None)
    if declared == "REQUEST" and "resource" in event:
        # A REST API's event has no version; neither has the local emulator's event of an HTTP API.
        kind = ApiKind.HTTP_1_0 if event.get("version") == "1.0" else ApiKind.REST_REQUEST
        return AuthorizerRequest(kind, event, _text(event, "methodArn"), _text(event, "resource"))
    if declared == "REQUEST" and _mapping(event.get("requestContext")).get("eventType") == "CONNECT":
        # No other route of a WebSocket API can have an authorizer.
        return AuthorizerRequest(ApiKind.WEBSOCKET, event, _text(event, "methodArn"), _CONNECT)
    return None


def _split_arn(arn: str) -> tuple[str, str, str]:
    """Return API id, method and path of `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "execute-api":
        raise UnknownEvent("the event's ARN is not one of execute-api")
    resource = parts[5].split("/", 3)
    if len(resource) < 3 or (resource[2] not in METHODS and _METHOD.fullmatch(resource[2]) is None):
        raise UnknownEvent("the event's ARN names no HTTP method")
    return resource[0], resource[2], resource[3] if len(resource) == 4 else ""


def _method_and_paths(event: Mapping[str, Any], method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the method and paths of an event whose ARN may name the route instead; raises UnknownEvent.

    The path that the backend sees may have a prefix: the name of a stage, or the API mapping of a custom domain.
    """
    context = _mapping(event.get("requestContext"))
    http = _mapping(context.get("http"))
    if method in _WITHOUT_PATH:
        method = _text(http, "method") if http else _text(event, "httpMethod")
    sent = (_text(event, "rawPath") if http else _text(event, "path")).removeprefix("/")
    paths = dict.fromkeys((path, sent) if path else (sent,))
    stage = f"{context.get('stage')}/"
    if sent.startswith(stage):
        paths[sent.removeprefix(stage)] = None
    if not http and ".execute-api." not in str(context.get("domainName")):
        for parts in range(1, _LONGEST_MAPPING + 1):
            paths["/".join(sent.split("/", parts)[parts:])] = None
    return method, tuple(paths)


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise UnknownEvent(f"the event's {name} is not a string")
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
