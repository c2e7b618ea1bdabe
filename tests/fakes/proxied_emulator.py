"""The front proxy in front of a stub of the emulator, and a stub of Lambda's Invoke."""

from __future__ import annotations

import http.client
import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from local.api_functions import FunctionRoute
from local.front_proxy import FrontProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUTES = (
    FunctionRoute("ANY /oauth2/token", "issuer"),
    FunctionRoute("ANY /oauth2/authorize", "issuer"),
    FunctionRoute("ANY /login", "login"),
    FunctionRoute("ANY /login/password", "login"),
    FunctionRoute("GET /assets/{file}", "login"),
)


class Upstream(ThreadingHTTPServer):
    """Answers every request with its path, headers and length, and with the given `headers`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.headers: list[tuple[str, str]] = []
        self.requests = 0


class _Echo(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        answer = json.dumps({"path": self.path, "headers": self.headers.items(), "length": len(body)}).encode()
        self.send_response(200)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_OPTIONS = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@contextmanager
def proxied(**routes: str) -> Iterator[tuple[FrontProxy, Upstream]]:
    """Run a proxy that serves each prefix from its path, or one API at the root."""
    with Upstream() as upstream:
        thread = threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        with FrontProxy("127.0.0.1", 0, upstream.server_address[1]) as proxy:
            proxy.publish({"/" + prefix: path for prefix, path in routes.items()} or {"/": "/_aws/execute-api/abc"})
            yield proxy, upstream
        upstream.shutdown()


def call(
    proxy: FrontProxy,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    source: str = "127.0.0.1",
) -> tuple[int, http.client.HTTPMessage, Any]:
    """Send one request from an address of this machine; return status, headers and the JSON of the body."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10, source_address=(source, 0))
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, response.headers, json.loads(text) if text else None


class Functions:
    """Lambda's Invoke: answers 204, or with the given payload."""

    def __init__(self, payload: bytes | None = None) -> None:
        self.payload = payload
        self.events: list[dict[str, Any]] = []
        self.names: list[str] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.events.append(json.loads(Payload))
        self.names.append(FunctionName)
        answer = {"statusCode": 204, "headers": {"vary": "Origin", "www-authenticate": "x"}, "body": "{}"}
        return {"Payload": io.BytesIO(json.dumps(answer).encode() if self.payload is None else self.payload)}
