"""The route that API Gateway chooses for a request, and the event that it sends to the authorizer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from authorizer.request import ApiKind
from keyturn.domain.access.api_rules import ANY_METHOD, DEFAULT_ROUTE, NAMED_ROUTES
from keyturn_cli.protected_apis import REST, WEBSOCKET, Api, Route

LITERAL, PARAMETER, GREEDY = 0, 1, 2
_ANY_VALUE = "any-value"
# A stage name that no path begins with.
_STAGE = "any-stage"


class AskedRequest(NamedTuple):
    """A request of an API: `path` begins with a slash, and has no query."""

    api: Api
    method: str
    path: str


def choose_route(routes: Iterable[Route], request: AskedRequest) -> Route | None:
    """Return the route that API Gateway chooses, or None if it answers without one.

    HTTP APIs take a full match of path and method, then a greedy one, then `$default`. REST APIs take the resource that
    fits the path best, or a greedy one if it lacks the method. A literal precedes a parameter, and a method precedes
    ANY.
    """
    named = list(routes)
    rank = _rank_in_tree if request.api.kind == REST else _rank_by_match
    segments = split_path(request.path.rstrip("/") or "/" if request.api.kind == REST else request.path)
    fitting = [(fit, route) for route in named if (fit := _fit(route.template, segments)) is not None]
    best = min((fit for fit, _ in fitting), default=())
    allowed = [
        ((*key, fit, route.method == ANY_METHOD), route)
        for fit, route in fitting
        if route.method in (request.method, ANY_METHOD) and (key := rank(fit, best)) is not None
    ]
    if allowed:
        return min(allowed, key=lambda each: each[0])[1]
    # The default route of a WebSocket API is for messages, and takes no request.
    default = None if request.api.kind == WEBSOCKET else DEFAULT_ROUTE
    return next((route for route in named if route.template == default), None)


def _rank_in_tree(fit: tuple[int, ...], best: tuple[int, ...]) -> tuple[bool, ...] | None:
    """Rank a method of a REST API's resource: the best resource, then a greedy one; None excludes all others."""
    return (fit != best,) if fit == best or GREEDY in fit else None


def _rank_by_match(fit: tuple[int, ...], _best: tuple[int, ...]) -> tuple[bool, ...] | None:
    """Rank a route of an HTTP API: a full match precedes a greedy one."""
    return (GREEDY in fit,)


def _fit(template: str, segments: list[str]) -> tuple[int, ...] | None:
    """Return the kind of each of the template's segments, or None for a path that it does not match."""
    if not template.startswith("/"):
        return None
    expected = split_path(template)
    kinds = tuple(map(segment_kind, expected))
    greedy = kinds[-1:] == (GREEDY,)
    if len(segments) < len(expected) or (len(segments) > len(expected) and not greedy):
        return None
    pairs = zip(kinds, expected, segments, strict=False)
    return kinds if all(one == other if kind == LITERAL else other for kind, one, other in pairs) else None


def segment_kind(segment: str) -> int:
    """Return LITERAL, PARAMETER or GREEDY: a route is chosen in this order."""
    if not (segment.startswith("{") and segment.endswith("}")):
        return LITERAL
    return GREEDY if segment.endswith("+}") else PARAMETER


def split_path(path: str) -> list[str]:
    """Return the segments of a path or template; the list of the root is empty."""
    return path.removeprefix("/").split("/") if path != "/" else []


def sample_path(template: str) -> str:
    """Return a sample path of a route: the value of each parameter is in no rule."""
    if template == DEFAULT_ROUTE:
        return f"/{_ANY_VALUE}"
    if not template.startswith("/"):
        return template
    return "/" + "/".join(
        segment if segment_kind(segment) == LITERAL else _ANY_VALUE for segment in split_path(template)
    )


def authorizer_event(request: AskedRequest, route: Route, token: str | None, account: str) -> dict[str, Any]:
    """Return the event for a request on this route; raises ValueError for a route without this authorizer.

    `account` is `arn:<partition>:execute-api:<region>:<account id>`. Without a token the header is absent.
    """
    if route.authorizer is None:
        raise ValueError(f"{route} does not call the authorizer")
    kind = route.authorizer.kind
    where = route.template if route.template in NAMED_ROUTES else f"{request.method}{request.path}"
    arn = f"{account}:{request.api.id}/{_STAGE}/{where}"
    header = None if token is None else f"Bearer {token}"
    if kind is ApiKind.REST_TOKEN:
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": header}
    # The name of API Gateway's own domain, so that no path begins with a custom domain's API mapping.
    domain = f"{request.api.id}.execute-api.any-region.amazonaws.com"
    headers = {} if header is None else {"authorization": header}
    if kind is ApiKind.HTTP_2_0:
        return {
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": arn,
            "routeKey": str(route),
            "rawPath": request.path,
            "headers": headers,
            "requestContext": {
                "http": {"method": request.method, "path": request.path},
                "stage": "$default",
                "domainName": domain,
            },
        }
    event = {
        "type": "REQUEST",
        "methodArn": arn,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {"stage": _STAGE, "domainName": domain},
    }
    if kind is ApiKind.WEBSOCKET:
        return event | {"requestContext": {"eventType": "CONNECT", "routeKey": "$connect"}}
    event |= {"resource": route.template, "path": request.path, "httpMethod": request.method}
    return {"version": "1.0", **event} if kind is ApiKind.HTTP_1_0 else event
