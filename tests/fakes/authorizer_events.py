"""Authorizer events of every shape, rendered from the templates that `events/authorizer` holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.events import render_event

TEMPLATES = Path(__file__).parents[2] / "events" / "authorizer"
API_ID = "a1b2c3d4e5"

KINDS = ("rest_token", "rest_request", "http_1.0", "http_2.0")
_FILES = {
    "rest_token": "rest-token.json",
    "rest_request": "rest-request.json",
    "http_1.0": "rest-request.json",
    "http_2.0": "http-api-2.0.json",
}


def method_arn(method: str = "GET", path: str = "/reports", stage: str = "prod") -> str:
    """Return the ARN that API Gateway gives a request."""
    return f"arn:aws:execute-api:eu-central-1:123456789012:{API_ID}/{stage}/{method}{path}"


def authorizer_event(
    kind: str, token: str, *, method: str = "GET", path: str = "/reports", template: str | None = None
) -> dict[str, Any]:
    """Return the event of a kind for one request; `template` is the route that API Gateway chose, else the path."""
    resource = path if template is None else template
    values = {
        "token": token,
        "method_arn": method_arn(method, path),
        "resource": resource,
        "route_key": resource if resource == "$default" else f"{method} {resource}",
        "method": method,
        "path": path,
        "api_id": API_ID,
        "stage": "prod",
    }
    event = render_event((TEMPLATES / _FILES[kind]).read_text(), values)
    return {"version": "1.0", **event} if kind == "http_1.0" else event
