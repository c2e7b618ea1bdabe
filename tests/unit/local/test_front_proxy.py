"""The front proxy, in front of a stub of the emulator."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest

from local.api_functions import ApiFunctions
from local.forwarding import MAX_BODY
from local.front_proxy import FrontProxy
from tests.fakes.proxied_emulator import ROUTES, Functions, Upstream, call, proxied

pytestmark = pytest.mark.usefixtures("socket_enabled")


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
    """A prefix is removed from the path; a prefix ends at a slash."""
    with proxied(http="/_aws/execute-api/one", rest="/_aws/execute-api/two/example") as (proxy, _):
        assert call(proxy, "GET", "/http/reports")[2]["path"] == "/_aws/execute-api/one/reports"
        assert call(proxy, "GET", "/rest/reports")[2]["path"] == "/_aws/execute-api/two/example/reports"
        assert call(proxy, "GET", "/https/reports")[0] == 404


def test_an_api_that_is_deployed_later_is_served() -> None:
    """Prefixes that are followed come and go while the proxy runs."""
    later: dict[str, str] = {}
    with proxied(http="/_aws/execute-api/one") as (proxy, _):
        proxy.follow(lambda: later)
        assert call(proxy, "GET", "/own/reports")[0] == 404
        later["/own"] = "/_aws/execute-api/two"
        assert call(proxy, "GET", "/own/reports")[2]["path"] == "/_aws/execute-api/two/reports"
        later.clear()
        assert call(proxy, "GET", "/own/reports")[0] == 404


@pytest.mark.parametrize("path", ["/http/../_ministack/reset", "/http/%2e%2e/x", "/http/./x", "/http/a%2f..%2fb"])
def test_no_path_climbs_out_of_its_api(path: str) -> None:
    """A dot segment, in whatever spelling, is refused before the emulator sees it."""
    with proxied(http="/_aws/execute-api/one") as (proxy, upstream):
        status, _, body = call(proxy, "GET", path)
    assert (status, body, upstream.requests) == (400, {"message": "Bad Request"}, 0)


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
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        foreign = {"Host": host.replace("PORT", str(proxy.port))}
        for method, headers in (("GET", {}), ("POST", {"Cookie": "a=b"}), ("OPTIONS", {"Origin": "http://a.example"})):
            status, _, body = call(proxy, method, "/oauth2/token", headers=foreign | headers)
            assert (status, body) == (421, {"message": "Misdirected Request"})
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
    """RFC 9112 §3.2: a request with a missing or second Host, or one in its target, is refused."""
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
    """A proxy without routes answers 503."""
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
    """WWW-Authenticate of a REST API's own gateway response keeps its name; the error type identifies it."""
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
    """10 MB pass, one byte more is refused, and the client can read the answer."""
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
    """A request that could smuggle another one (RFC 9112 §11.2) never reaches the emulator."""
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


def test_other_hosts_pass_options_on() -> None:
    """The APIs' host has no such function: there the emulator answers."""
    with proxied() as (proxy, upstream):
        assert call(proxy, "OPTIONS", "/x")[0] == 200
        assert upstream.requests == 1


def test_head_has_the_length_of_get() -> None:
    """The length that the emulator or a function states for HEAD is passed on (RFC 9110 §8.6)."""
    with proxied() as (proxy, _):
        _, headers, body = call(proxy, "HEAD", "/oauth2/token")
        assert (int(headers["content-length"]) > 0, body) == (True, None)
        payload = json.dumps({"statusCode": 200, "headers": {"content-length": "1366"}, "body": ""})
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(Functions(payload.encode()), ROUTES))
        _, headers, body = call(proxy, "HEAD", "/oauth2/token", headers={"cookie": "a=b"})
        assert (headers.get_all("content-length"), body) == (["1366"], None)
