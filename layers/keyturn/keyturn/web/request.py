"""An HTTP request as an API Gateway HTTP API hands it over (payload format 2.0)."""

from __future__ import annotations

from typing import Any


class Request:
    """One request; header names in lower case, the body still encoded as received.

    `source_ip` is the address that API Gateway saw, never a header's. `facts` has the fields of the one log line of
    this request.
    """

    __slots__ = ("body", "body_is_base64", "cookies", "facts", "headers", "method", "path", "query", "source_ip")

    def __init__(self, event: dict[str, Any]) -> None:
        """Raise KeyError for an event of another kind."""
        context = event["requestContext"]
        self.method: str = context["http"]["method"]
        self.source_ip: str = context["http"].get("sourceIp") or ""
        self.path = _without_stage(event["rawPath"], context.get("stage", "$default"))
        self.query: str = event.get("rawQueryString") or ""
        # API Gateway joins repeated headers by a comma; the joined value is an invalid form, credential or ETag.
        self.headers: dict[str, str] = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        # API Gateway takes them out of the header: each as `name=value`.
        self.cookies: tuple[str, ...] = tuple(event.get("cookies") or ())
        self.body: str = event.get("body") or ""
        self.body_is_base64 = event.get("isBase64Encoded") is True
        self.facts: dict[str, Any] = {"request_id": context.get("requestId")}

    def note(self, **facts: Any) -> None:
        """Add fields to the log line: identifiers, never a token, a secret or a name."""
        self.facts.update(facts)


def _without_stage(path: str, stage: str) -> str:
    """Return the path as the client wrote it, without the stage that API Gateway puts in front."""
    prefix = f"/{stage}/"
    return path[len(prefix) - 1 :] if path.startswith(prefix) else path
