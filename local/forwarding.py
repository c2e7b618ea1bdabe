"""A loopback server that forwards requests to the emulator: it reads them strictly, and logs none of them."""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY = 10 * 1024 * 1024  # API Gateway's quota for a payload, of either kind of API
_UPSTREAM_SECONDS = 35  # a little more than API Gateway waits for an integration

# RFC 9110 §7.6.1, and the headers that this hop writes itself.
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
OF_ONE_HOP = {*_HOP_BY_HOP, "host", "content-length", "expect"}

# Chunk extensions are not supported.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")


class Refusal(Exception):
    """A request that is not passed on; the message is the response's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ForwardingServer(ThreadingHTTPServer):
    """Serves one address in its own threads until it is closed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[ForwardingHandler], upstream_port: int) -> None:
        super().__init__(address, handler)
        self.port: int = self.server_address[1]
        self.upstream_port = upstream_port
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and free the port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a client that closed its connection."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ForwardingHandler(BaseHTTPRequestHandler):
    """Forwards one request; a subclass decides its path, its Host and the headers of the response."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # of an idle kept-alive connection
    wbufsize = -1  # head and body are one write: a second one would wait for a delayed acknowledgement
    server: ForwardingServer

    def upstream_path(self) -> str:
        """Return the path of this request at the emulator; raises Refusal."""
        raise NotImplementedError

    def upstream_host(self) -> str | None:
        """Return the Host for the emulator; None is its own address."""
        return None

    def answer_headers(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the headers of the response, made from the emulator's."""
        # The length that a response to HEAD states is that of the body for GET (RFC 9110 §8.6).
        dropped = OF_ONE_HOP - ({"content-length"} if self.command == "HEAD" else set())
        return [(name, value) for name, value in headers if name.lower() not in dropped]

    def do_ANY(self) -> None:
        try:
            path = self.upstream_path()
            body = self._read_body()
            status, headers, answer = self.forward(path, body)
        except Refusal as refusal:
            self.close_connection = True
            status, answer = refusal.status, json.dumps({"message": refusal.message}).encode()
            headers = [("content-type", "application/json")]
        self.send_response_only(status)
        length = str(len(answer))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            else:
                self.send_header(name, value)
        self.send_header("content-length", length)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_ANY  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: a request line may hold a secret."""

    def _read_body(self) -> bytes:
        if any("\n" in value for value in self.headers.values()):
            raise Refusal(400, "Bad Request")  # a folded line (RFC 9112 §5.2): http.client would forward it
        if "transfer-encoding" in self.headers:
            return self._read_chunks()
        lengths = self.headers.get_all("content-length", ["0"])
        if len(lengths) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
            raise Refusal(400, "Bad Request")
        length = int(lengths[0])
        if length > MAX_BODY:
            self._discard(length)
            raise Refusal(413, "Request Entity Too Large")
        body = self.rfile.read(length)
        if len(body) != length:
            raise Refusal(400, "Bad Request")
        return body

    def _read_chunks(self) -> bytes:
        """Return a body in chunks (RFC 9112 §7.1), as API Gateway accepts it; a second length is refused."""
        if self.headers.get_all("transfer-encoding") != ["chunked"] or "content-length" in self.headers:
            raise Refusal(400, "Bad Request")
        chunks: list[bytes] = []
        left = MAX_BODY
        while True:
            size = _CHUNK_SIZE.fullmatch(self.rfile.readline(16))
            length = 0 if size is None else int(size[1], 16)
            if length > left:
                raise Refusal(413, "Request Entity Too Large")
            chunk = self.rfile.read(length)
            if size is None or len(chunk) != length or self.rfile.read(2) != b"\r\n":
                raise Refusal(400, "Bad Request")
            if not length:
                return b"".join(chunks)
            chunks.append(chunk)
            left -= length

    def _discard(self, length: int) -> None:
        # A response before the body is read would reach many clients as a reset connection.
        remaining = min(length, 4 * MAX_BODY)
        while remaining > 0 and (chunk := self.rfile.read(min(remaining, 1 << 16))):
            remaining -= len(chunk)

    def forward(self, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body of the response; raises Refusal."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port, timeout=_UPSTREAM_SECONDS)
        try:
            host = self.upstream_host()
            connection.putrequest(self.command, path, skip_host=host is not None, skip_accept_encoding=True)
            if host is not None:
                connection.putheader("Host", host)
            for name, value in self.headers.items():
                if name.lower() not in OF_ONE_HOP:
                    connection.putheader(name, value)
            if body or "content-length" in self.headers:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, self.answer_headers(response.getheaders()), response.read()
        except (ValueError, http.client.InvalidURL) as error:  # a control character, or bytes outside ASCII
            raise Refusal(400, "Bad Request") from error
        except (OSError, http.client.HTTPException) as error:
            raise Refusal(502, "Bad Gateway") from error
        finally:
            connection.close()
