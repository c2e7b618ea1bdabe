"""Events as an API Gateway HTTP API sends them (payload format 2.0)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

from local.events import form_values, render_event

TEMPLATES = Path(__file__).parents[2] / "events" / "token_issuer"
FORM = "application/x-www-form-urlencoded"


def http_api_event(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    query: str = "",
    stage: str = "$default",
) -> dict[str, Any]:
    """Return the event of one request; a body arrives base64-encoded, as API Gateway sends every form."""
    raw_path = path if stage == "$default" else f"/{stage}{path}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {"host": "issuer.example", "accept": "*/*", **(headers or {})},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "issuer.example",
            "domainPrefix": "issuer",
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "requestId": "request-1",
            "routeKey": f"ANY {path}",
            "stage": stage,
            "time": "21/Sep/2026:14:13:20 +0000",
            "timeEpoch": 1_790_000_000_000,
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def form_event(
    path: str, parameters: Mapping[str, str] | bytes, *, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a POST of a form; bytes are sent as they are."""
    body = parameters if isinstance(parameters, bytes) else urlencode(parameters).encode()
    return http_api_event("POST", path, headers={"content-type": FORM, **(headers or {})}, body=body)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return the Authorization header of client_secret_basic: both halves form-encoded first (RFC 6749 §2.3.1)."""
    credentials = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def recorded_event(name: str, *, client_id: str, secret: str, token: str = "") -> dict[str, Any]:
    """Return an event of `events/token_issuer`, rendered for a client and a token."""
    template = (TEMPLATES / f"{name}.json").read_text("utf-8")
    return render_event(template, {"api_id": "a1b2c3d4e5", **form_values(client_id, secret, token)})
