"""The functions of the issuer's API, which the front proxy calls where the emulator's gateway differs from AWS.

The emulator answers OPTIONS by itself. An HTTP API without a CORS configuration forwards OPTIONS to the route of any
method. Events of payload format 2.0 on the emulator lack the cookies, which AWS takes out of the header. Their source
address is always 127.0.0.1.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from local.forwarding import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FUNCTION = re.compile(r".*/functions/(?P<function>.+)/invocations")
_PARAMETER = re.compile(r"\{(\w+)\}")
EMULATORS_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class FunctionRoute:
    """A route of an HTTP API, `METHOD /path/{parameter}`, and the function behind it."""

    key: str
    function: str

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path's parameters if the route matches the request."""
        wanted, _, template = self.key.partition(" ")
        segments, given = template.split("/"), path.split("/")
        if wanted not in {"ANY", method} or len(segments) != len(given):
            return None
        parameters: dict[str, str] = {}
        for segment, value in zip(segments, given, strict=True):
            parameter = _PARAMETER.fullmatch(segment)
            if parameter is not None and value:
                parameters[parameter[1]] = value
            elif segment != value:
                return None
        return parameters


@dataclass(frozen=True, slots=True)
class ProxiedRequest:
    """A received request; `target` is the path with its query."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source: str = EMULATORS_ADDRESS


class ApiFunctions:
    """The functions of one HTTP API, called without the gateway; `functions` is a boto3 client of Lambda."""

    def __init__(self, functions: Any, routes: Iterable[FunctionRoute]) -> None:
        self._functions = functions
        self._routes = tuple(routes)

    def answer(self, request: ProxiedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body for a request, by an event of payload format 2.0; raises Refusal."""
        path = unquote(request.target.partition("?")[0])
        route, parameters = self._find(request.method, path)
        try:
            payload = json.dumps(_event(request, path, route.key, parameters)).encode()
            invoked = self._functions.invoke(FunctionName=route.function, Payload=payload)
            answer: dict[str, Any] = json.loads(invoked["Payload"].read())
            cookies = [("set-cookie", cookie) for cookie in answer.get("cookies", ())]
            return answer["statusCode"], [*answer["headers"].items(), *cookies], _body(answer)
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(502, "Bad Gateway") from error

    def _find(self, method: str, path: str) -> tuple[FunctionRoute, dict[str, str]]:
        """Return the most exact route, as API Gateway chooses it: fewer parameters first, and a method before ANY."""
        found = [(route, match) for route in self._routes if (match := route.match(method, path)) is not None]
        if not found:
            raise Refusal(404, "Not Found")
        return min(found, key=lambda each: (len(each[1]), each[0].key.startswith("ANY ")))


def read_routes(gateway: Any, api_id: str) -> tuple[FunctionRoute, ...]:
    """Return the routes of a deployed HTTP API; takes a boto3 client of API Gateway v2."""
    functions: dict[str, str] = {}
    for page in gateway.get_paginator("get_integrations").paginate(ApiId=api_id):
        for each in page["Items"]:
            match = _FUNCTION.fullmatch(each["IntegrationUri"])
            if match is not None:
                functions[f"integrations/{each['IntegrationId']}"] = match["function"]
    return tuple(
        FunctionRoute(each["RouteKey"], functions[each["Target"]])
        for page in gateway.get_paginator("get_routes").paginate(ApiId=api_id)
        for each in page["Items"]
    )


def _body(answer: dict[str, Any]) -> bytes:
    body: str = answer.get("body", "")
    return base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()


def _event(request: ProxiedRequest, path: str, route_key: str, parameters: dict[str, str]) -> dict[str, Any]:
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in ((name.lower(), value) for name, value in request.headers):
        if name == "cookie":
            cookies += (cookie for each in value.split(";") if (cookie := each.strip()))
        else:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": request.target.partition("?")[2],
        "headers": joined,
        "requestContext": {
            "http": {"method": request.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": request.source},
            "requestId": str(uuid.uuid4()),
            "routeKey": route_key,
            "stage": "$default",
        },
        "isBase64Encoded": bool(request.body),
        **({"cookies": cookies} if cookies else {}),
        **({"pathParameters": parameters} if parameters else {}),
        **({"body": base64.b64encode(request.body).decode()} if request.body else {}),
    }
