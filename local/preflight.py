"""OPTIONS on the issuer's API: the emulator answers it by itself, so the front proxy asks the function, as AWS would.

An HTTP API without a CORS configuration passes OPTIONS on to the route that takes any method.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.forwarding import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping


class IssuerOptions:
    """What the issuer's function answers to OPTIONS."""

    def __init__(self, functions: Any, function_name: str) -> None:
        """Take a boto3 client of Lambda, and the function's name."""
        self._functions = functions
        self._function_name = function_name

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body for a request target, by an event of payload format 2.0; raises Refusal."""
        path, _, query = target.partition("?")
        event = {
            "version": "2.0",
            "routeKey": f"ANY {path}",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name.lower(): value for name, value in headers.items()},
            "requestContext": {
                "http": {"method": "OPTIONS", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
                "requestId": str(uuid.uuid4()),
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        try:
            invoked = self._functions.invoke(FunctionName=self._function_name, Payload=json.dumps(event).encode())
            answer: dict[str, Any] = json.loads(invoked["Payload"].read())
            return answer["statusCode"], list(answer["headers"].items()), answer["body"].encode()
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError) as error:
            raise Refusal(502, "Bad Gateway") from error
