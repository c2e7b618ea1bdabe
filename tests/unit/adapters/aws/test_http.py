"""The HTTP client on real sockets: its requests, complete and broken answers, and trust in TLS certificates."""

from __future__ import annotations

import hashlib
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keyturn.adapters.aws import http
from keyturn.adapters.aws.http import AMAZON_ROOTS, HttpConnection, ProtocolError
from keyturn.adapters.aws.json_service import TIMEOUT_SECONDS, open_connection
from keyturn.adapters.aws.system_clock import wall_seconds
from tests.fakes.certificates import write_chain

pytestmark = pytest.mark.enable_socket

DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
GOOD = f"HTTP/1.1 200 OK\r\nDate: {DATE}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
# https://www.amazontrust.com/repository/: the SHA-256 of each root.
FINGERPRINTS = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
}


class Server:
    """Answers each connection's first request with the next bytes of a script, and closes after the last of them."""

    def __init__(self, *script: bytes, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.accepted = 0
        self._script = list(script)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._script.clear()
        # Linux wakes nobody who waits to accept on a socket that is closed.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            self.accepted += 1
            with plain:
                plain.settimeout(5)  # a client that neither sends nor closes ends its test, and not the run
                if not self._script:
                    return
                try:
                    with self._context.wrap_socket(plain, server_side=True) if self._context else plain as connection:
                        self._answer(connection)
                except OSError:
                    continue  # the client does not believe the certificate

    def _answer(self, connection: socket.socket) -> None:
        while self._script and (request := connection.recv(65_536)):
            self.requests.append(request)
            connection.sendall(self._script.pop(0))


@pytest.fixture(autouse=True)
def forget_trust() -> Iterator[None]:
    """Read the roots again: a test names other ones."""
    yield
    http._trust.cache_clear()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*script: bytes, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(*script, context=context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def plain(server: Server) -> HttpConnection:
    return HttpConnection(f"http://127.0.0.1:{server.port}", 1)


def test_a_request_says_its_length_and_an_answer_is_read_as_it_is(serve: Callable[..., Server]) -> None:
    """A POST to `/` with the given headers; status, Date and body come back as sent."""
    server = serve(GOOD)
    with closing(plain(server)) as connection:
        answer = connection.post(b"body", {"Host": "h", "X-Amz-Date": "d"})
    assert (answer.status, answer.date, answer.body) == (200, DATE, b"{}")
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [b"POST / HTTP/1.1", b"Host: h", b"X-Amz-Date: d", b"Content-Length: 4", b"Accept-Encoding: identity"]
    assert (head.split(b"\r\n"), body) == (lines, b"body")


def test_a_connection_is_kept_unless_the_answer_ends_it(serve: Callable[..., Server]) -> None:
    """Two answers come over one connection; after `Connection: close` the next request opens another."""
    server = serve(GOOD, GOOD.replace(b"Date", b"Connection: close\r\nDate"), GOOD)
    with closing(plain(server)) as connection:
        for _ in range(2):
            connection.post(b"", {})
        assert server.accepted == 1
        connection.post(b"", {})
    assert server.accepted == 2


def test_a_kept_connection_is_stale_once_the_server_has_closed_it(serve: Callable[..., Server]) -> None:
    """The server closes after its last answer: that is seen before another request is sent."""
    server = serve(GOOD)
    with closing(plain(server)) as connection:
        assert not connection.is_stale()
        connection.post(b"", {})
        assert connection._socket is not None
        select.select([connection._socket], [], [], 10)
        assert connection.is_stale()
    assert not connection.is_stale()


def test_a_kept_connection_with_nothing_to_read_is_good(serve: Callable[..., Server]) -> None:
    """An open connection without further bytes takes the next request."""
    with closing(plain(serve(GOOD, GOOD))) as connection:
        connection.post(b"", {})
        assert not connection.is_stale()
        assert connection.post(b"", {}).status == 200


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\n{ }", 400, b"{ }"),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX: y\r\n\r\n", 200, b"{}"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0000000aF\r\n" + b" " * 175 + b"\r\n0\r\n\r\n",
            200,
            b" " * 175,
        ),
    ],
)
def test_whole_answers(serve: Callable[..., Server], sent: bytes, status: int, body: bytes) -> None:
    """An answer is whole by its length, or by its last chunk; without a Date it has none."""
    with closing(plain(serve(sent))) as connection:
        answer = connection.post(b"", {})
    assert (answer.status, answer.body, answer.date) == (status, body, None)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "not a response of HTTP/1.1"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD, "not a response of HTTP/1.1"),
        (b"HTTP/1.1 OK\r\n\r\n", "not a response of HTTP/1.1"),
        (b"HTTP/1.1 \r\n\r\n", "not a response of HTTP/1.1"),
        (b"SSH-2.0-OpenSSH\r\n", "not a response of HTTP/1.1"),
        (HEAD + b"\r\n{}", "the response does not say its length"),
        (HEAD + b"no colon\r\n\r\n", "the header has no end"),
        (HEAD + b"Content-Length: 2\n\n{}", "the header has no end"),
        (HEAD + b"X: y\r\n" * 101 + b"Content-Length: 2\r\n\r\n{}", "the header has no end"),
        (HEAD + b"X: " + b"y" * 65_536 + b"\r\nContent-Length: 2\r\n\r\n{}", "a line is too long"),
        (HEAD + b"Content-Length: 3\r\n\r\n{}", "the response ended early"),
        (HEAD + b"Content-Length: 999999999\r\n\r\n{}", "the response ended early"),
        (HEAD + b"Content-Length: 9999999999\r\n\r\n{}", "the response does not say its length"),
        (HEAD + b"Content-Length: -1\r\n\r\n{}", "the response does not say its length"),
        (HEAD + b"Content-Length: 0x2\r\n\r\n{}", "the response does not say its length"),
        (HEAD + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "the response does not say its length"),
        (CHUNKED + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "the response does not say its length"),
        (CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n", "a chunk does not say its length"),
        (CHUNKED + b"\r\n\r\n{}\r\n0\r\n\r\n", "a chunk does not say its length"),
        (CHUNKED + b"\r\n0000000002\r\n{}\r\n0\r\n\r\n", "a chunk does not say its length"),
        (CHUNKED + b"\r\n2\r\n{}\r\n", "a chunk does not say its length"),
        (CHUNKED + b"\r\n2\r\n{}", "the response ended early"),
        (CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", "the header has no end"),
    ],
)
def test_what_is_no_whole_answer_is_none(serve: Callable[..., Server], sent: bytes, fault: str) -> None:
    """R47: half an answer is a fault, as "not revoked" may be what it lacks; it is said which."""
    with closing(plain(serve(sent))) as connection, pytest.raises(ProtocolError, match=f"^{fault}$"):
        connection.post(b"", {})


def test_a_closed_connection_is_one_and_no_protocol_error(serve: Callable[..., Server]) -> None:
    """A close without a response raises ConnectionError, unlike another protocol: that request is repeated."""
    closed = pytest.raises(ConnectionError, match=r"^closed without a response$")
    with closing(plain(serve(b""))) as connection, closed:
        connection.post(b"", {})


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_a_line_break_in_a_header_is_not_sent(end: str) -> None:
    """The value of a header cannot begin another header."""
    with pytest.raises(ProtocolError, match=r"^a header holds a line break$"):
        HttpConnection("http://127.0.0.1:1", 1).post(b"", {"Host": f"h{end}X-Amz-Target: other"})


@pytest.mark.parametrize(
    ("origin", "port"), [("https://kms.example", 443), ("http://localhost", 80), ("https://kms.example:8443", 8443)]
)
def test_an_origin_without_a_port_has_its_schemes(monkeypatch: pytest.MonkeyPatch, origin: str, port: int) -> None:
    """443 of https and 80 of http; each wait is as long as a service's may be (R61)."""
    opened: list[tuple[tuple[bytes, int], float]] = []

    def refuse(address: tuple[bytes, int], timeout: float) -> socket.socket:
        opened.append((address, timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(ConnectionRefusedError):
        open_connection(origin).post(b"", {})
    host = origin.partition("://")[2].partition(":")[0].encode()
    assert opened == [((host, port), TIMEOUT_SECONDS)]


def test_no_wait_is_over_a_second(serve: Callable[..., Server]) -> None:
    """R61: a server that says nothing is waited for as long as was asked, and that is at most a second."""
    assert TIMEOUT_SECONDS <= 1
    silent = socket.create_server(("127.0.0.1", 0))
    connection = HttpConnection(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.01)
    with silent, closing(connection), pytest.raises(TimeoutError):
        connection.post(b"", {})


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chain(tmp_path_factory.mktemp("chain"), "localhost", int(wall_seconds()))


def secure(serve: Callable[..., Server], chain: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return serve(GOOD, GOOD, context=context)


def test_amazons_roots_suffice(
    serve: Callable[..., Server], chain: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A host that one of Amazon's roots has certified is believed at once, whatever else the machine trusts."""
    monkeypatch.setattr(http, "AMAZON_ROOTS", str(chain.with_name("ca.pem")))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    server = secure(serve, chain)
    with closing(HttpConnection(f"https://localhost:{server.port}", 1)) as connection:
        assert connection.post(b"", {}).status == 200
    assert server.accepted == 1


def test_what_the_machine_trusts_is_believed_too(
    serve: Callable[..., Server], chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint of one's own, which Amazon has not certified, is believed by the machine's own trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(chain.with_name("ca.pem")))
    server = secure(serve, chain)
    with closing(HttpConnection(f"https://localhost:{server.port}", 1)) as connection:
        assert connection.post(b"", {}).status == 200
    assert server.accepted == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_nobody_else_is_believed(
    serve: Callable[..., Server], chain: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    """A certificate of an unknown authority, or of another host, is refused; nothing was sent."""
    trusted = chain.with_name("ca.pem") if host == "127.0.0.1" else tmp_path / "none.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr(http, "AMAZON_ROOTS", str(trusted) if trusted.exists() else AMAZON_ROOTS)
    server = secure(serve, chain)
    with (
        closing(HttpConnection(f"https://{host}:{server.port}", 1)) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        connection.post(b"secret", {})
    assert server.requests == []


def test_the_roots_are_amazons_and_no_others() -> None:
    """The file holds the five roots that Amazon names, byte for byte."""
    roots = re.findall(
        "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", Path(AMAZON_ROOTS).read_text(), re.DOTALL
    )
    assert len(roots) == 5
    assert {hashlib.sha256(ssl.PEM_cert_to_DER_cert(root)).hexdigest() for root in roots} == FINGERPRINTS


def test_an_idle_connection_is_looked_at_without_a_wait(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: each request asks whether its connection is stale, and waits for no answer."""
    waits: list[float] = []

    def ready(reading: list[object], _writing: object, _failed: object, wait: float) -> tuple[list[object], ...]:
        waits.append(wait)
        return [], [], []

    with closing(plain(serve(GOOD))) as connection:
        connection.post(b"", {})
        monkeypatch.setattr(select, "select", ready)
        assert not connection.is_stale()
    assert waits == [0]
