"""HTTP requests to the issuer with bounds on time and bytes: https or loopback http, without redirects or proxies.

`urllib` would follow redirects and the proxies of the environment, and its time-out is for each packet alone.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from keyturn import __version__
from keyturn.adapters.aws.system_clock import monotonic_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    _Address = tuple[Any, ...]  # an entry of getaddrinfo

# A JWKS of 100 RSA keys of 4096 bits has 80 KB.
MAX_BYTES = 262_144


class HttpAnswer(NamedTuple):
    """A response: its status, the headers of its freshness as sent or None, and its body."""

    status: int
    cache_control: str | None
    age: str | None
    expires: str | None
    date: str | None
    body: bytes


class Deadline:
    """The end of a request: a server that sends a byte a second cannot move it."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = monotonic_seconds() + seconds

    def remaining(self) -> float:
        """Return the seconds that remain; raises TimeoutError at the end."""
        seconds = self._end - monotonic_seconds()
        if seconds <= 0:
            raise TimeoutError("no complete response in time")
        return seconds


class BoundedHttp:
    """Sends single requests; TLS checks host and certificate by the machine's trust store (or SSL_CERT_FILE)."""

    __slots__ = ("_context",)

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def request(
        self, url: str, deadline: Deadline, *, form: str | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Return the response to a GET, or to a POST of `form`; raises OSError."""
        parts = urlsplit(url)
        fields = {"Host": parts.netloc, "User-Agent": f"keyturn/{__version__}", "Accept": "application/json"}
        fields |= {"Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
        method, body = ("GET", b"") if form is None else ("POST", form.encode("ascii"))
        if form is not None:
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        lines = [f"{method} {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        try:
            with self._connect(parts.scheme, str(parts.hostname), parts.port, deadline) as connection:
                connection.settimeout(deadline.remaining())
                connection.sendall("\r\n".join(lines).encode("ascii") + body)
                return _read(connection, method, deadline)
        except OSError:
            raise  # a certificate that is not trusted is a ValueError too
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(f"the response is not HTTP/1.1 ({type(error).__name__})") from None

    def _connect(self, scheme: str, host: str, port: int | None, deadline: Deadline) -> socket.socket:
        if scheme == "http":
            return _connect_tcp(host, port or 80, deadline, loopback_only=True)
        if self._context is None:
            self._context = ssl.create_default_context()
        plain = _connect_tcp(host, port or 443, deadline)
        try:
            plain.settimeout(deadline.remaining())
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _connect_tcp(host: str, port: int, deadline: Deadline, *, loopback_only: bool = False) -> socket.socket:
    """Return a connection to the first address that accepts one, within the deadline for all of them.

    A silent address takes at most half of the time that remains: `create_connection` would time out for each.
    """
    fault = OSError("the host has no address")
    found = _by_turns(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    for each in found:
        # A DNS server may answer for `localhost`: a plain request must not leave the machine.
        if loopback_only and not ipaddress.ip_address(each[4][0]).is_loopback:
            fault = OSError("plain http is for loopback addresses alone")
            continue
        seconds = deadline.remaining()
        try:
            return _connect_to(each, seconds if each is found[-1] else seconds / 2)
        except OSError as error:
            fault = error
    raise fault


def _by_turns(found: list[_Address]) -> list[_Address]:
    """Return the addresses with the two families in turns (RFC 8305 §4): a network may lack either of them."""
    first = [each for each in found if each[0] == found[0][0]]
    others = [each for each in found if each[0] != found[0][0]]
    return [each for turn in zip_longest(first, others) for each in turn if each is not None]


def _connect_to(found: _Address, seconds: float) -> socket.socket:
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


class _DeadlineReader(io.RawIOBase):
    """The bytes of a connection until the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.remaining())
        return self._connection.recv_into(buffer)


class _Answers(NamedTuple):
    """The part of a socket that `http.client.HTTPResponse` needs."""

    reader: _DeadlineReader

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.reader)


def _read(connection: socket.socket, method: str, deadline: Deadline) -> HttpAnswer:
    reader = _DeadlineReader(connection, deadline)
    response = http.client.HTTPResponse(_Answers(reader), method=method)  # type: ignore[arg-type]
    with response:
        response.begin()
        body = response.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise OSError(f"the response has more than {MAX_BYTES} bytes")
        cache_control, age = response.getheader("cache-control"), response.getheader("age")
        expires, date = response.getheader("expires"), response.getheader("date")
        return HttpAnswer(response.status, cache_control, age, expires, date, body)
