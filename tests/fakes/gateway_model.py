"""A model of API Gateway in front of an authorizer: routes, events, the result cache, and both kinds of answer."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.fakes.iam_policy import allows

REST_TOKEN, REST_REQUEST, HTTP_1_0, HTTP_2_0 = "rest_token", "rest_request", "http_1.0", "http_2.0"
HTTP_KINDS = (HTTP_1_0, HTTP_2_0)
ACCOUNT = "arn:aws:execute-api:eu-central-1:123456789012:"


class Api(NamedTuple):
    """An API: its kind, its routes as `GET /x`, `ANY /x` or `$default`, and the identity sources of its result cache.

    Without `sources` its TTL is 0. `simple` is EnableSimpleResponses; `named_arn` is whether the ARN of `$default` has
    its name instead of a path. `keys` are the API keys of its usage plans, which come from the authorizer; None is an
    API without usage plans.
    """

    id: str
    kind: str
    stage: str
    routes: tuple[str, ...]
    sources: tuple[str, ...] | None
    simple: bool
    named_arn: bool
    keys: frozenset[str] | None = None


class Call(NamedTuple):
    """A request: the method, the path as the caller spells it, the bearer token, and a header beside it."""

    method: str
    path: str
    token: str
    tenant: str


def decode(path: str) -> str:
    """Return the path decoded once; one that is not UTF-8 as it is."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


@lru_cache(maxsize=1024)
def interpretations(path: str) -> frozenset[str]:
    """Return the known readings of a path by gateways and backends, of which each does some of the steps."""
    steps: tuple[Callable[[str], str], ...] = (
        decode,
        decode,
        lambda each: re.split("[?#\x00]", each)[0],
        lambda each: each.replace("\\", "/"),
        lambda each: re.sub(r";[^/]*", "", each),
        lambda each: re.sub("/+", "/", each),
        _without_dots,
        lambda each: each.rstrip("/") or "/",
    )
    found = {path}
    for step in steps:
        found |= {step(each) for each in found}
    return frozenset(found)


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def fits(template: str, path: str) -> bool:
    """Return whether a route's template matches the path: `{x}` is one segment, `{x+}` one or more."""
    return template == "/" if path == "/" else _expression(template).fullmatch(path) is not None


@cache
def _expression(template: str) -> re.Pattern[str]:
    greedy = re.sub(r"\\\{\w+\\\+\\\}", ".*", re.escape(template))
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]*", greedy), re.DOTALL)


class GatewayModel:
    """API Gateway in front of one API: `call` returns the status that the caller sees."""

    def __init__(self, api: Api, authorizer: Callable[[dict[str, Any]], Any]) -> None:
        """Call this authorizer, which raises `Exception("Unauthorized")` for 401."""
        self.api = api
        self._authorizer = authorizer
        self._cache: dict[tuple[str, ...], Any] = {}

    def route_of(self, call: Call) -> str | None:
        """Return the chosen route: any that matches some reading, and always the same one for a path."""
        paths = interpretations(call.path)
        found = [
            route
            for route in self.api.routes
            if route != "$default"
            and route.split(" ")[0] in (call.method, "ANY")
            and any(fits(route.split(" ")[1], path) for path in paths)
        ]
        if not found:
            return "$default" if "$default" in self.api.routes else None
        return found[zlib.crc32(f"{call.method}{call.path}".encode()) % len(found)]

    def arn(self, call: Call, route: str) -> str:
        """Return the ARN of the request."""
        stage = f"{ACCOUNT}{self.api.id}/{self.api.stage}/"
        return f"{stage}$default" if route == "$default" and self.api.named_arn else f"{stage}{call.method}{call.path}"

    def call(self, call: Call) -> int:
        """Return the status: 404 without a route, 200, 401, 403, or 500 for a fault or an answer of the wrong shape."""
        route = self.route_of(call)
        if route is None:
            return 404
        key = self._key(call, route)
        if key is not None and key in self._cache:
            return self._status(self._cache[key], self.arn(call, route))
        try:
            answer = self._authorizer(self.event(call, route))
        except Exception as error:
            return 401 if str(error) == "Unauthorized" else 500
        if key is not None:
            self._cache[key] = answer
        return self._status(answer, self.arn(call, route))

    def _key(self, call: Call, route: str) -> tuple[str, ...] | None:
        sources = self.api.sources
        if sources is None:
            return None
        if self.api.kind == REST_TOKEN:
            return (call.token,)
        context = {"httpMethod": call.method, "path": f"/{self.api.stage}{call.path}"}
        context |= {"routeKey": route} if self.api.kind in HTTP_KINDS else {"resourcePath": route.rpartition(" ")[2]}
        headers = {"authorization": call.token, "x-tenant": call.tenant}
        values = {f"context.{name}": value for name, value in context.items()}
        values |= {f"method.request.header.{name}": value for name, value in headers.items()}
        values |= {f"request.header.{name}": value for name, value in headers.items()}
        return tuple(
            values[re.sub(r"header\.(.*)", lambda name: f"header.{name[1].lower()}", source.removeprefix("$"))]
            for source in sources
        )

    def _status(self, answer: Any, arn: str) -> int:
        if self.api.kind == HTTP_2_0 and self.api.simple:
            allowed = answer.get("isAuthorized")
            return 500 if not isinstance(allowed, bool) else 200 if allowed else 403
        if "policyDocument" not in answer:
            return 500
        if self.api.keys is not None and answer.get("usageIdentifierKey") not in self.api.keys:
            return 403
        return 200 if allows(answer["policyDocument"], arn) else 403

    def event(self, call: Call, route: str) -> dict[str, Any]:
        """Return the event of the API's kind."""
        arn, template, bearer = self.arn(call, route), route.rpartition(" ")[2], f"Bearer {call.token}"
        if self.api.kind == REST_TOKEN:
            return {"type": "TOKEN", "methodArn": arn, "authorizationToken": bearer}
        http = self.api.kind in HTTP_KINDS
        sent = f"/{self.api.stage}{call.path}" if http and self.api.stage != "$default" else call.path
        context: dict[str, Any] = {"stage": self.api.stage, "domainName": f"{self.api.id}.execute-api.example"}
        event: dict[str, Any] = {"type": "REQUEST", "headers": {"authorization": bearer, "x-tenant": call.tenant}}
        if self.api.kind == HTTP_2_0:
            context["http"] = {"method": call.method, "path": sent}
            key = {"version": "2.0", "routeArn": arn, "routeKey": route, "rawPath": sent}
            return event | key | {"requestContext": context}
        event |= {"methodArn": arn, "resource": template, "path": sent, "httpMethod": call.method}
        return event | {"requestContext": context} | ({"version": "1.0"} if http else {})
