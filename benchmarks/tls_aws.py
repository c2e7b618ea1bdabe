"""The operations of DynamoDB and KMS that authorizers and issuers call, and a JWKS, by TLS on loopback.

`python -m benchmarks.tls_aws FOLDER` reads the ring's item, its key and the ids of revoked tokens. It writes `ca.pem`
into the folder, prints its port, and serves until its standard input ends.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.stored_items import StoredItems, authorizer_tables, issuer_tables, signed
from keyturn.adapters.aws.system_clock import wall_seconds
from tests.fakes.certificates import write_chain

HOST = "localhost"
JWKS_PATH = "/.well-known/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer_call: Callable[[str, bytes], bytes]
    jwks: bytes

    def do_POST(self) -> None:
        target = self.headers["X-Amz-Target"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = "application/x-amz-json-1.1" if target.startswith("Trent") else "application/x-amz-json-1.0"
        self._answer(type(self).answer_call(target, body), kind)

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


def answers(given: dict[str, Any]) -> Callable[[str, bytes], bytes]:
    """Return what answers a call, by its X-Amz-Target and its body."""
    stored = StoredItems({**issuer_tables(given["ring"]), **authorizer_tables(given["ring"], given["revoked"])})
    key = load_pem_private_key(given["private"].encode(), None)

    def answer(target: str, body: bytes) -> bytes:
        service, _, operation = target.partition(".")
        return signed(key, body) if service == "TrentService" else stored.answer(operation, body)

    return answer


def serve(folder: Path, given: dict[str, Any]) -> ThreadingHTTPServer:
    """Return a server that answers in threads of its own; its port is `server_port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_chain(folder, HOST, int(wall_seconds())))
    jwks = json.dumps({"keys": [given["jwk"]]}).encode()
    handler = type("Handler", (_Handler,), {"answer_call": staticmethod(answers(given)), "jwks": jwks})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    print(serve(Path(sys.argv[1]), json.loads(sys.stdin.readline())).server_port, flush=True)
    sys.stdin.read()
