"""The front proxy, in front of a stub of the emulator."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local.forwarding import MAX_BODY
from local.front_proxy import FrontProxy
from local.issuer_function import IssuerFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Upstream(ThreadingHTTPServer):
    """Answers every request with what it got, and with the headers that it is told to send."""

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
        self.wfile.write(answer)

    do_GET = do_OPTIONS = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def proxied(**routes: str) -> Iterator[tuple[FrontProxy, Upstream]]:
    with Upstream() as upstream:
        thread = threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        with FrontProxy("127.0.0.1", 0, upstream.server_address[1]) as proxy:
            proxy.publish({"/" + prefix: path for prefix, path in routes.items()} or {"/": "/_aws/execute-api/abc"})
            yield proxy, upstream
        upstream.shutdown()


def call(
    proxy: FrontProxy, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, response.headers, json.loads(text) if text else None


def send_raw(proxy: FrontProxy, request: bytes) -> bytes:
    request = request.replace(b"HOST", f"127.0.0.1:{proxy.port}".encode())
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_path_reaches_the_api_and_its_query_is_untouched() -> None:
    """A public path becomes the API's path in the emulator; the query is passed as it is."""
    with proxied() as (proxy, _):
        _, _, seen = call(proxy, "GET", "/oauth2/token?a=%20b&a=c")
    assert seen["path"] == "/_aws/execute-api/abc/oauth2/token?a=%20b&a=c"


def test_each_prefix_is_an_api_of_its_own() -> None:
    """A prefix is taken off the path; one that is only the beginning of a word is no prefix."""
    with proxied(http="/_aws/execute-api/one", rest="/_aws/execute-api/two/example") as (proxy, _):
        assert call(proxy, "GET", "/http/reports")[2]["path"] == "/_aws/execute-api/one/reports"
        assert call(proxy, "GET", "/rest/reports")[2]["path"] == "/_aws/execute-api/two/example/reports"
        assert call(proxy, "GET", "/https/reports")[0] == 404


@pytest.mark.parametrize("path", ["/http/../_ministack/reset", "/http/%2e%2e/x", "/http/./x", "/http/a%2f..%2fb"])
def test_no_path_climbs_out_of_its_api(path: str) -> None:
    """A dot segment, in whatever spelling, is refused before the emulator sees it."""
    with proxied(http="/_aws/execute-api/one") as (proxy, upstream):
        status, _, _ = call(proxy, "GET", path)
    assert (status, upstream.requests) == (400, 0)


def test_a_prefix_alone_is_the_root_of_its_api() -> None:
    """Without a slash after the API's id the emulator would route the path to another service."""
    with proxied(http="/_aws/execute-api/one") as (proxy, _):
        assert call(proxy, "GET", "/http")[2]["path"] == "/_aws/execute-api/one/"
        assert call(proxy, "GET", "/http?a=b")[2]["path"] == "/_aws/execute-api/one/?a=b"


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example:PORT", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:0PORT", "127.0.0.1.:PORT", "localhost:PORT"),
        *("[::1]:PORT", "127.0.0.1.evil.example:PORT", "user@127.0.0.1:PORT", "2130706433:PORT", "127.1:PORT"),
    ],
)
def test_a_page_that_is_rebound_to_this_address_reads_nothing(host: str) -> None:
    """DNS rebinding: only the one name of this proxy is answered; preflights and cookies reach no function (421)."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, IssuerFunction(functions, "issuer"))
        foreign = {"Host": host.replace("PORT", str(proxy.port))}
        for method, headers in (("GET", {}), ("POST", {"Cookie": "a=b"}), ("OPTIONS", {"Origin": "http://a.example"})):
            assert call(proxy, method, "/oauth2/token", headers=foreign | headers)[0] == 421
    assert (upstream.requests, functions.events) == (0, [])


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\n",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: rebound.example\r\n",
        b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n",
        b"GET http://HOST/ HTTP/1.1\r\nHost: HOST\r\n",
    ],
    ids=["HTTP/1.0", "no Host", "two Hosts", "the same Host twice", "absolute form"],
)
def test_a_request_has_one_host(head: bytes) -> None:
    """RFC 9112 §3.2: a request that names no Host, or two, or one in its target, reaches nothing."""
    with proxied() as (proxy, upstream):
        assert send_raw(proxy, head + b"\r\n").startswith(b"HTTP/1.1 400 ")
    assert upstream.requests == 0


def test_a_host_is_compared_without_case() -> None:
    """RFC 9110 §4.2.3: the name of a host is case-insensitive."""
    with Upstream() as upstream, FrontProxy("localhost", 0, upstream.server_address[1]) as proxy:
        threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        proxy.publish({"/": "/_aws/execute-api/abc"})
        assert call(proxy, "GET", "/", headers={"Host": f"LocalHost:{proxy.port}"})[0] == 200
        upstream.shutdown()


def test_before_the_apis_are_there_the_answer_is_503() -> None:
    """A proxy that has nothing to publish yet says so."""
    with FrontProxy("127.0.0.1", 0, 1) as proxy:
        assert call(proxy, "GET", "/")[0] == 503


def test_an_emulator_that_is_gone_is_502() -> None:
    """A connection that the emulator refuses is a bad gateway, in JSON."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with FrontProxy("127.0.0.1", 0, free.getsockname()[1]) as proxy:
            proxy.publish({"/": "/_aws/execute-api/abc"})
            assert call(proxy, "GET", "/")[::2] == (502, {"message": "Bad Gateway"})


def test_a_lambdas_www_authenticate_is_renamed() -> None:
    """WWW-Authenticate of a Lambda arrives as API Gateway renames it (R21's documented deviation)."""
    with proxied() as (proxy, upstream):
        upstream.headers = [("WWW-Authenticate", 'Basic realm="keyturn"')]
        _, headers, _ = call(proxy, "GET", "/")
    assert headers["x-amzn-remapped-www-authenticate"] == 'Basic realm="keyturn"'
    assert "www-authenticate" not in headers


def test_a_gateway_responses_www_authenticate_stays() -> None:
    """WWW-Authenticate of a REST API's own gateway response, told by its error type, keeps its name."""
    with proxied() as (proxy, upstream):
        upstream.headers = [("WWW-Authenticate", "Bearer"), ("x-amzn-ErrorType", "UnauthorizedException")]
        _, headers, _ = call(proxy, "GET", "/")
    assert headers["www-authenticate"] == "Bearer"
    assert "x-amzn-remapped-www-authenticate" not in headers


def test_hop_by_hop_headers_and_host_stay_here() -> None:
    """Hop-by-hop headers are dropped, and Host is the emulator's own, so that it shadows no path."""
    with proxied() as (proxy, upstream):
        _, _, seen = call(proxy, "GET", "/", headers={"TE": "trailers", "X-A": "1"})
        names = {name.lower(): value for name, value in seen["headers"]}
        assert names["host"] == f"127.0.0.1:{upstream.server_address[1]}"
    assert "te" not in names
    assert names["x-a"] == "1"


def test_repeated_headers_stay_repeated() -> None:
    """Two Authorization headers reach the authorizer as two (R56): the proxy hides no attack."""
    with proxied() as (proxy, _):
        raw = send_raw(proxy, b"GET / HTTP/1.1\r\nHost: HOST\r\nAuthorization: a\r\nauthorization: b\r\n\r\n")
    seen = json.loads(raw.partition(b"\r\n\r\n")[2])
    assert [value for name, value in seen["headers"] if name.lower() == "authorization"] == ["a", "b"]


def test_a_body_over_api_gateways_quota_is_413() -> None:
    """10 MB pass, one byte more does not, and the client gets to read why."""
    with proxied() as (proxy, upstream):
        assert call(proxy, "POST", "/", b"x" * MAX_BODY)[2]["length"] == MAX_BODY
        status, _, answer = call(proxy, "POST", "/", b"x" * (MAX_BODY + 1))
    assert (status, answer, upstream.requests) == (413, {"message": "Request Entity Too Large"}, 1)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        (b"Content-Length: -1\r\n", 400),
        (b"Content-Length: 9\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n", 400),
        (b"X-Folded: a\r\n b\r\n", 400),
    ],
    ids=["two lengths", "a negative length", "a body that ends early", "no chunks", "both", "gzip", "a folded header"],
)
def test_a_request_that_two_servers_could_read_differently_is_refused(head: bytes, status: int) -> None:
    """What could smuggle a request (RFC 9112 §11.2) never reaches the emulator."""
    with proxied() as (proxy, upstream):
        answer = send_raw(proxy, b"POST / HTTP/1.1\r\nHost: HOST\r\n" + head + b"\r\nhello")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert upstream.requests == 0


@pytest.mark.parametrize(
    ("chunks", "length"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", 5),
        (b"0\r\n\r\n", 0),
        (b"2\r\nhe\r\n0003\r\nllo\r\n0\r\n\r\n", 5),
        (b"5\r\nhello\r\n", None),
        (b"5\r\nhellox\r\n0\r\n\r\n", None),
        (b"-5\r\nhello\r\n0\r\n\r\n", None),
        (b"0x5\r\nhello\r\n0\r\n\r\n", None),
        (b"5;a=b\r\nhello\r\n0\r\n\r\n", None),
        (b"5\nhello\r\n0\r\n\r\n", None),
        (b"0\r\nTrailer: a\r\n\r\n", None),
    ],
)
def test_a_body_in_chunks_is_read_as_one(chunks: bytes, length: int | None) -> None:
    """Chunks (RFC 9112 §7.1) reach the API as one body; those that another server could read otherwise are refused."""
    with proxied() as (proxy, upstream):
        head = b"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        answer = send_raw(proxy, head + chunks)
    if length is None:
        assert (answer[:12], upstream.requests) == (b"HTTP/1.1 400", 0)
    else:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["length"] == length


def test_chunks_over_api_gateways_quota_are_413() -> None:
    """10 MB in all, whatever the size of a chunk."""
    with proxied() as (proxy, upstream):
        head = b"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = send_raw(proxy, head + b"1\r\nx\r\n" + b"%x\r\n" % MAX_BODY)
    assert (answer[:12], upstream.requests) == (b"HTTP/1.1 413", 0)


def test_a_connection_is_kept_alive() -> None:
    """Two requests share one connection."""
    with proxied() as (proxy, _):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        for _ in range(2):
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            assert connection.sock is not None
        connection.close()


class Functions:
    """Lambda's Invoke: answers with what it was asked, or with what it is told."""

    def __init__(self, payload: bytes | None = None) -> None:
        self.payload = payload
        self.events: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.events.append(json.loads(Payload))
        answer = {"statusCode": 204, "headers": {"vary": "Origin", "www-authenticate": "x"}, "body": "{}"}
        return {"Payload": io.BytesIO(json.dumps(answer).encode() if self.payload is None else self.payload)}


def test_the_function_answers_options_in_the_place_of_the_emulator() -> None:
    """A preflight is an event of payload format 2.0; its answer's headers are renamed as API Gateway does it."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, IssuerFunction(functions, "issuer"))
        status, headers, _ = call(proxy, "OPTIONS", "/oauth2/token?a=b", headers={"Origin": "https://app.example"})
        assert (status, headers["vary"], headers["x-amzn-remapped-www-authenticate"]) == (204, "Origin", "x")
        assert call(proxy, "GET", "/oauth2/token")[0] == 200
        assert upstream.requests == 1
    [event] = functions.events
    assert (event["rawPath"], event["rawQueryString"], event["headers"]["origin"]) == (
        "/oauth2/token",
        "a=b",
        "https://app.example",
    )
    assert event["requestContext"]["http"]["method"] == "OPTIONS"


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"errorMessage": "x"}'])
def test_a_function_that_fails_is_a_bad_gateway(payload: bytes) -> None:
    """What is no answer of a function is 502, as API Gateway says it."""
    with proxied() as (proxy, _):
        proxy.publish({"/": "/_aws/execute-api/abc"}, IssuerFunction(Functions(payload), "issuer"))
        assert call(proxy, "OPTIONS", "/oauth2/token")[0] == 502


def test_the_function_is_told_the_cookies() -> None:
    """R37: cookies are out of the header, one by one, as AWS has them in payload format 2.0, and the form is there."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, IssuerFunction(functions, "issuer"))
        call(proxy, "POST", "/oauth2/authorize", b"a=b", {"Cookie": "one=1; two=2=3", "X-A": "1"})
        assert upstream.requests == 0
    [event] = functions.events
    assert event["cookies"] == ["one=1", "two=2=3"]
    assert "cookie" not in event["headers"]
    assert (event["headers"]["x-a"], event["requestContext"]["http"]["method"]) == ("1", "POST")
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"a=b", True)


def test_the_function_is_told_what_comes_twice() -> None:
    """R56: a header that came twice is joined by a comma, as API Gateway does it, and two of cookies are one list."""
    functions = Functions()
    headers = [("Authorization", "a"), ("Cookie", "one=1"), ("authorization", "b"), ("cookie", "two=2;")]
    IssuerFunction(functions, "issuer").answer("GET", "/", headers, b"")
    [event] = functions.events
    assert event["headers"] == {"authorization": "a,b"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert (event["isBase64Encoded"], "body" in event) == (False, False)


def test_each_cookie_of_the_function_is_a_header_of_its_own() -> None:
    """R37: a Set-Cookie for each (RFC 6265 §3), whether the function was asked or the emulator."""
    cookies = ["one=1; Path=/", "two=2"]
    functions = Functions(json.dumps({"statusCode": 200, "headers": {}, "cookies": cookies, "body": ""}).encode())
    with proxied() as (proxy, upstream):
        upstream.headers = [("Set-Cookie", each) for each in cookies]
        proxy.publish({"/": "/_aws/execute-api/abc"}, IssuerFunction(functions, "issuer"))
        for headers in ({}, {"Cookie": "one=1"}):
            assert call(proxy, "GET", "/", headers=headers)[1].get_all("set-cookie") == cookies
        assert (upstream.requests, len(functions.events)) == (1, 1)


def test_other_hosts_pass_options_on() -> None:
    """The APIs' host has no such function: there the emulator answers."""
    with proxied() as (proxy, upstream):
        assert call(proxy, "OPTIONS", "/x")[0] == 200
        assert upstream.requests == 1
