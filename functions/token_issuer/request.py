"""An HTTP request as an API Gateway HTTP API hands it over (payload format 2.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyturn.domain.client import Client


class Request:
    """One request; header names in lower case, the body still encoded as it came.

    `facts` gathers what the one log line of this request says besides its outcome. `client` is the one that has
    authenticated, `origin` the web page's, if it is one that asks; `cors` says whether the endpoint answers pages.
    """

    __slots__ = (
        *(
            "body",
            "body_is_base64",
            "client",
            "cookies",
            "cors",
            "facts",
            "headers",
            "method",
            "origin",
            "path",
            "query",
        ),
    )

    def __init__(self, event: dict[str, Any]) -> None:
        """Read the event; raises KeyError for one that is none of an HTTP API."""
        context = event["requestContext"]
        self.method: str = context["http"]["method"]
        self.path = _without_stage(event["rawPath"], context.get("stage", "$default"))
        self.query: str = event.get("rawQueryString") or ""
        # A header that came twice arrives joined by a comma: no form, no Basic credentials, no ETag reads well then.
        self.headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        # API Gateway takes them out of the header: each as `name=value`.
        self.cookies: tuple[str, ...] = tuple(event.get("cookies") or ())
        self.body: str = event.get("body") or ""
        self.body_is_base64 = event.get("isBase64Encoded") is True
        self.origin = self.headers.get("origin")
        self.cors = False
        self.client: Client | None = None
        self.facts: dict[str, Any] = {"request_id": context.get("requestId")}

    def note(self, **facts: Any) -> None:
        """Add facts for the log: identifiers, never a token or a secret (R66)."""
        self.facts.update(facts)

    def note_client(self, client: Client) -> None:
        """Remember who authenticated: the log says it, and the answer is for pages of theirs."""
        self.client = client
        self.note(client_id=client.client_id)


def _without_stage(path: str, stage: str) -> str:
    """Return the path as the client wrote it: API Gateway puts a named stage in front."""
    prefix = f"/{stage}/"
    return path[len(prefix) - 1 :] if path.startswith(prefix) else path
