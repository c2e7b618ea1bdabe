"""A client for the part of HTTP/1.1 that AWS's JSON protocol uses: POST to `/` over one persistent connection.

`http.client` parses responses with the email package, and a machine's trust store has 140 certificates. Together they
took more than half of the authorizer's cold start (docs/benchmarks.md).
"""

from __future__ import annotations

import os.path
import select
import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

AMAZON_ROOTS = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")

# The limits of http.client: a response of AWS has a dozen short header lines.
_MAX_LINE = 65_536
_MAX_FIELDS = 100
_MAX_DIGITS = 9  # DynamoDB answers with 16 MB at most
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


class ProtocolError(OSError):
    """The received bytes are not a complete HTTP/1.1 response."""


@cache
def _trust(roots: str | None) -> ssl.SSLContext:
    """Return a context that trusts the roots in this file, or those of the machine; all connections share it."""
    return ssl.create_default_context(cafile=roots)


class Answer:
    """A response: its status, its Date header as sent or None, and its body."""

    __slots__ = ("body", "date", "status")

    def __init__(self, status: int, date: str | None, body: bytes) -> None:
        self.status = status
        self.date = date
        self.body = body


class HttpConnection:
    """A connection to an origin, opened by the first request; `timeout` in seconds, for each wait.

    `connect_timeout` is for each wait until the connection is there, TLS included; without it `timeout` is.

    `origin` is `https://host[:port]` or `http://host[:port]`. TLS checks certificate and host against Amazon's roots
    first. If these have not certified the host, such as a private endpoint, it uses the machine's trust store.
    """

    def __init__(self, origin: str, timeout: float, connect_timeout: float | None = None) -> None:

        scheme, _, authority = origin.partition("://")
        host, _, port = authority.partition(":")
        # Python would encode a string by IDNA, whose three modules a cold start can do without.
        self._host = host.encode("ascii")
        self._tls = scheme != "http"
        self._port = int(port or (443 if self._tls else 80))
        self._timeout = timeout
        self._connect_timeout = timeout if connect_timeout is None else connect_timeout
        self._socket: socket.socket | None = None
        self._answers: BinaryIO | None = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the response to a POST to `/`; raises OSError, and ConnectionError if the server has closed."""
        lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Content-Length: {len(body)}", "Accept-Encoding: identity"]
        # A line break in a value would let an attacker add a header.
        if any("\r" in line or "\n" in line for line in lines):
            raise ProtocolError("a header holds a line break")
        self.open().sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return self._read()

    def open(self) -> socket.socket:
        """Return the socket, connected if it was not; raises OSError."""
        if self._socket is None:
            self._socket = self._open()
            self._socket.settimeout(self._timeout)
            self._answers = self._socket.makefile("rb")
        return self._socket

    def is_stale(self) -> bool:
        """Return whether an idle connection was closed by the server, or has bytes that belong to no request."""
        return self._socket is not None and bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        for each in (self._answers, self._socket):
            if each is not None:
                each.close()
        self._answers = self._socket = None

    def _open(self) -> socket.socket:
        if not self._tls:
            return self._tcp()
        try:
            return self._secure(_trust(AMAZON_ROOTS))
        except ssl.SSLCertVerificationError:
            return self._secure(_trust(None))

    def _secure(self, context: ssl.SSLContext) -> socket.socket:
        plain = self._tcp()
        try:
            return context.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    def _tcp(self) -> socket.socket:
        address: Any = (self._host, self._port)  # the stubs know a string alone
        opened = socket.create_connection(address, self._connect_timeout)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _read(self) -> Answer:
        status_line = self._line()
        if not status_line:
            raise ConnectionResetError("closed without a response")
        version, _, rest = status_line.partition(b" ")
        status = rest[:3]
        if version != b"HTTP/1.1" or not status.isdigit() or status < b"200":
            raise ProtocolError("not a response of HTTP/1.1")
        fields = self._fields()
        body = self._body(fields)
        if fields.get(b"connection", b"").lower() == b"close":
            self.close()
        date = fields.get(b"date")
        return Answer(int(status), None if date is None else date.decode("latin-1"), body)

    def _fields(self) -> dict[bytes, bytes]:
        fields: dict[bytes, bytes] = {}
        for _ in range(_MAX_FIELDS):
            line = self._line()
            if line == b"\r\n":
                return fields
            name, colon, value = line.partition(b":")
            if not colon:
                break
            fields[name.lower()] = value.strip()
        raise ProtocolError("the header has no end")

    def _body(self, fields: Mapping[bytes, bytes]) -> bytes:
        """Return the body (RFC 9112 §6), of a stated length or in chunks; raises ProtocolError if it is incomplete."""
        length = fields.get(b"content-length")
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked" and length is None:
            return b"".join(iter(self._chunk, b""))
        if length is None or not length.isdigit() or len(length) > _MAX_DIGITS or b"transfer-encoding" in fields:
            raise ProtocolError("the response does not say its length")
        return self._exactly(int(length))

    def _chunk(self) -> bytes:
        """Return the next chunk, or b"" after the last one and its trailers."""
        size = self._line().partition(b";")[0].strip()
        if not _HEXADECIMAL.issuperset(size) or not 0 < len(size) <= _MAX_DIGITS:
            raise ProtocolError("a chunk does not say its length")
        chunk = self._exactly(int(size, 16))
        if chunk:
            self._exactly(2)
        else:
            self._fields()
        return chunk

    def _line(self) -> bytes:
        line = self._reader.readline(_MAX_LINE)
        if len(line) == _MAX_LINE:
            raise ProtocolError("a line is too long")
        return line

    def _exactly(self, size: int) -> bytes:
        read = self._reader.read(size)
        if len(read) != size:
            raise ProtocolError("the response ended early")
        return read

    @property
    def _reader(self) -> BinaryIO:
        assert self._answers is not None
        return self._answers
