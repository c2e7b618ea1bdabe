"""What the emulator's API Gateway gets wrong for the issuer: there the front proxy asks the function, as AWS would.

The emulator answers OPTIONS by itself, where an HTTP API without a CORS configuration passes it on to the route that
takes any method; and its events of payload format 2.0 lack the cookies, which AWS takes out of the header.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.forwarding import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


class IssuerFunction:
    """The issuer's function, called without the gateway."""

    def __init__(self, functions: Any, function_name: str) -> None:
        """Take a boto3 client of Lambda, and the function's name."""
        self._functions = functions
        self._function_name = function_name

    def answer(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body for a request, by an event of payload format 2.0; raises Refusal."""
        try:
            payload = json.dumps(_event(method, target, headers, body)).encode()
            invoked = self._functions.invoke(FunctionName=self._function_name, Payload=payload)
            answer: dict[str, Any] = json.loads(invoked["Payload"].read())
            cookies = [("set-cookie", cookie) for cookie in answer.get("cookies", ())]
            return answer["statusCode"], [*answer["headers"].items(), *cookies], answer["body"].encode()
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(502, "Bad Gateway") from error


def _event(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> dict[str, Any]:
    path, _, query = target.partition("?")
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in ((name.lower(), value) for name, value in headers):
        if name == "cookie":
            cookies += (cookie for each in value.split(";") if (cookie := each.strip()))
        else:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
        },
        "isBase64Encoded": bool(body),
        **({"cookies": cookies} if cookies else {}),
        **({"body": base64.b64encode(body).decode()} if body else {}),
    }
