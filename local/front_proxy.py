"""The front proxy: the URLs that clients see, on two hosts, in front of the emulator's API Gateway.

The issuer answers on `http://localhost:P` and the APIs on `http://127.0.0.1:Q/<prefix>`: two hosts, since ports do not
separate cookies, and CORS and Origin need two. What reaches the emulator is always `/_aws/execute-api/<id>/...` on its
own Host: by a public Host, paths of its own would shadow `/oauth2/token`. Answers are changed as API Gateway does it.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY = 10 * 1024 * 1024  # API Gateway's quota for a payload, of either kind of API
_UPSTREAM_SECONDS = 35  # a little more than API Gateway waits for an integration

# RFC 9110 §7.6.1, and what this hop writes itself.
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_OF_THIS_HOP = {*_HOP_BY_HOP, "host", "content-length", "expect"}


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix of the public path, and the emulator's path that stands in for it."""

    prefix: str
    upstream: str


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class FrontProxy(ThreadingHTTPServer):
    """One public host and port; serves in threads of its own until it is closed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        self.upstream_port = upstream_port
        self.routes: tuple[Route, ...] = ()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def publish(self, routes: Mapping[str, str]) -> None:
        """Serve these prefixes, each from the emulator's path that it maps to; before, every path is 503."""
        self.routes = tuple(Route(prefix, upstream) for prefix, upstream in routes.items())

    def close(self) -> None:
        """Stop serving and free the port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75  # of a kept-alive connection that says nothing
    wbufsize = -1  # head and body leave in one write: two would wait for a delayed acknowledgement
    server: FrontProxy

    def do_ANY(self) -> None:
        try:
            path = self._upstream_path()
            body = self._read_body()
            status, headers, answer = self._forward(path, body)
        except _Refusal as refusal:
            self.close_connection = True
            status, answer = refusal.status, json.dumps({"message": refusal.message}).encode()
            headers = [("content-type", "application/json")]
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_ANY  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: a request line may hold what belongs in no log."""

    def _upstream_path(self) -> str:
        path, _, query = self.path.partition("?")
        # A dot segment could climb out of its API into the emulator's own paths.
        decoded = unquote(path)
        if not path.startswith("/") or any(segment in {".", ".."} for segment in decoded.split("/")):
            raise _Refusal(400, "Bad Request")
        for route in self.server.routes:
            if path == route.prefix or path.startswith(route.prefix.rstrip("/") + "/"):
                rest = path[len(route.prefix.rstrip("/")) :]
                return route.upstream + rest + (f"?{query}" if query else "")
        raise _Refusal(404 if self.server.routes else 503, "Not Found" if self.server.routes else "Service Unavailable")

    def _read_body(self) -> bytes:
        if any("\n" in value for value in self.headers.values()):
            raise _Refusal(400, "Bad Request")  # a folded line (RFC 9112 §5.2): http.client would pass it on
        if "transfer-encoding" in self.headers:
            raise _Refusal(411, "Length Required")
        lengths = self.headers.get_all("content-length", ["0"])
        if len(lengths) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
            raise _Refusal(400, "Bad Request")
        length = int(lengths[0])
        if length > MAX_BODY:
            self._discard(length)
            raise _Refusal(413, "Request Entity Too Large")
        body = self.rfile.read(length)
        if len(body) != length:
            raise _Refusal(400, "Bad Request")
        return body

    def _discard(self, length: int) -> None:
        # An answer before the body is read would reach many clients as a reset connection.
        remaining = min(length, 4 * MAX_BODY)
        while remaining > 0 and (chunk := self.rfile.read(min(remaining, 1 << 16))):
            remaining -= len(chunk)

    def _forward(self, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port, timeout=_UPSTREAM_SECONDS)
        try:
            connection.putrequest(self.command, path, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_THIS_HOP:
                    connection.putheader(name, value)
            if body or "content-length" in self.headers:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, _gateway_headers(response.getheaders()), response.read()
        except (ValueError, http.client.InvalidURL) as error:  # a control character, or bytes that are no ASCII
            raise _Refusal(400, "Bad Request") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Refusal(502, "Bad Gateway") from error
        finally:
            connection.close()


def _gateway_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # API Gateway renames a Lambda's WWW-Authenticate. That of a REST API's own gateway response stays; it is told apart
    # by the error type that it carries.
    names = {name.lower() for name, _ in headers}
    renamed = {} if "x-amzn-errortype" in names else {"www-authenticate": "x-amzn-remapped-www-authenticate"}
    return [(renamed.get(name.lower(), name), value) for name, value in headers if name.lower() not in _OF_THIS_HOP]
