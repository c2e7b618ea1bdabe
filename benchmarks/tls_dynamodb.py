"""The operations of DynamoDB that an authorizer calls, and a JWKS, by TLS on loopback with its own authority.

`python -m benchmarks.tls_dynamodb FOLDER` reads the material, writes `ca.pem` into the folder, prints its port, and
serves until its standard input ends.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.material import Material
from keyturn.adapters.aws.system_clock import wall_seconds
from tests.fakes.certificates import write_chain
from tests.fakes.counted_dynamodb import CountedDynamoDB

HOST = "localhost"
JWKS_PATH = "/.well-known/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dynamodb: CountedDynamoDB
    jwks: bytes

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.dynamodb.answer(operation, body), "application/x-amz-json-1.0")

    def do_GET(self) -> None:
        self._answer(self.jwks, "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        # In one write: two would wait for the client's delayed acknowledgement.
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n" + body)  # type: ignore[attr-defined]
        self.flush_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


def serve(folder: Path, material: Material) -> ThreadingHTTPServer:
    """Return a server that answers in threads of its own; its port is `server_port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_chain(folder, HOST, int(wall_seconds())))
    jwks = json.dumps({"keys": [material.jwk]}).encode()
    handler = type("Handler", (_Handler,), {"dynamodb": CountedDynamoDB(ring=material.ring), "jwks": jwks})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    print(serve(Path(sys.argv[1]), Material(*json.loads(sys.stdin.readline()))).server_port, flush=True)
    sys.stdin.read()
