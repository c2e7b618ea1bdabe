"""An issuer's documents on a loopback HTTP server, with faults on demand."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from tests.fakes.token_factory import NOW, SigningKey, jwks, make_token

METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
INTROSPECT = "/oauth2/introspect"
# Seconds for which a verifier waits for a site that answers: a machine under load stands still for seconds.
PATIENCE = 60


class SeenRequest(NamedTuple):
    """One request that the server got; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class JwksSite:
    """Serves metadata, keys and introspection; `outage` answers in place of the documents in `faulty`.

    `active` is what introspection says, or None for an answer without it. `released` ends the requests that hang.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.keys: dict[str, Any] = {"keys": []}
        self.metadata: dict[str, Any] = {
            "issuer": self.origin,
            "jwks_uri": self.origin + JWKS,
            "introspection_endpoint": self.origin + INTROSPECT,
        }
        self.headers = {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
        self.active: bool | None = True
        self.outage: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.faulty = {METADATA, JWKS, INTROSPECT}
        self.seen: list[SeenRequest] = []
        self.released = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def use_tls(self, chain: Path) -> None:
        """Serve by TLS from now on, for the name `localhost`, with the chain and its key in a file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        self.origin = f"https://localhost:{self._server.server_port}"
        self.metadata = {"issuer": self.origin, "jwks_uri": self.origin + JWKS}

    def close(self) -> None:
        """Stop the server and release what hangs."""
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def publish(self, *keys: SigningKey) -> None:
        """Serve these keys from now on."""
        self.keys = jwks(*keys)

    def token(self, key: SigningKey, *, at: float = NOW, **claims: Any) -> str:
        """Return a token of this issuer for 15 minutes."""
        return make_token(key=key, claims={"iss": self.origin, "iat": int(at), "exp": int(at) + 900} | claims)

    def reads(self, path: str = JWKS) -> int:
        """Return how often a document was requested."""
        return sum(each.path == path for each in self.seen)

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer nothing until the test ends: an outage."""
        self.released.wait(20)

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(SeenRequest(str(handler.command), handler.path, headers, body))
        if self.outage is not None and handler.path in self.faulty:
            self.outage(handler)
            return
        documents = {METADATA: self.metadata, JWKS: self.keys, INTROSPECT: self._introspection()}
        answer(handler, 200, json.dumps(documents[handler.path]).encode(), self.headers)

    def _introspection(self) -> dict[str, Any]:
        return {} if self.active is None else {"active": self.active}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.serve(self)

            def do_POST(self) -> None:
                site.serve(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
                pass

        return Handler


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Send one response; a length in `headers` replaces that of the body."""
    handler.send_response_only(status)
    for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True
