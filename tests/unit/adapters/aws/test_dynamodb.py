"""The HTTP client of DynamoDB: two attempts, reconnection after a close, and the domain's errors."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator

import pytest

from keyturn.adapters.aws.call_limits import ATTEMPTS
from keyturn.adapters.aws.dynamodb import DynamoDb, dynamodb_origin
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.http import HttpConnection, ProtocolError
from keyturn.domain.errors import AccessDenied, KeyturnError, StoreUnavailable, Throttled
from keyturn.environment import SettingsError
from tests.fakes.scripted_connection import Answer, ScriptedConnections, failure

ENVIRON = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "very-secret-key",
    "AWS_SESSION_TOKEN": "very-secret-session",
}
ORIGIN = "https://dynamodb.eu-central-1.amazonaws.com"
GOOD = Answer(200, {"Item": {}})


def client(connections: ScriptedConnections, environ: dict[str, str] | None = None) -> DynamoDb:
    return DynamoDb(ORIGIN, ENVIRON if environ is None else environ, lambda: 1_790_000_000.5, connections)


def test_call_sends_a_signed_request_and_returns_the_answer() -> None:
    """A call names its operation, is signed for the service with the session's token, and returns the JSON object."""
    connections = ScriptedConnections(GOOD)
    assert client(connections).call("GetItem", {"TableName": "T"}) == {"Item": {}}
    [(headers, body)] = connections.requests
    assert body == {"TableName": "T"}
    assert headers["Host"] == "dynamodb.eu-central-1.amazonaws.com"
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"
    assert headers["X-Amz-Date"] == "20260921T141320Z"
    assert headers["X-Amz-Security-Token"] == "very-secret-session"
    assert "Credential=AKIDEXAMPLE/20260921/eu-central-1/dynamodb/aws4_request" in headers["Authorization"]


def test_connection_is_kept() -> None:
    """A second call opens no second connection."""
    connections = ScriptedConnections(GOOD, GOOD)
    dynamodb = client(connections)
    dynamodb.call("GetItem", {})
    dynamodb.call("GetItem", {})
    assert (connections.opened, connections.closed) == (1, 0)


@pytest.mark.parametrize(
    "closed",
    [ConnectionResetError(), BrokenPipeError(), ConnectionAbortedError()],
)
def test_kept_connection_that_was_closed_costs_no_attempt(closed: Exception) -> None:
    """A kept connection that the other side has closed is opened again, and both attempts are still there."""
    connections = ScriptedConnections(GOOD, closed, failure("InternalServerError", 500), GOOD)
    dynamodb = client(connections)
    dynamodb.call("GetItem", {})
    assert dynamodb.call("GetItem", {}) == {"Item": {}}
    assert (connections.opened, connections.closed) == (2, 1)


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (TimeoutError(), StoreUnavailable),
        (ConnectionRefusedError(), StoreUnavailable),
        (ProtocolError("the response ended early"), StoreUnavailable),
        (ssl.SSLCertVerificationError(), StoreUnavailable),
        (failure("InternalServerError", 500), StoreUnavailable),
        (Answer(503, b"<html>"), StoreUnavailable),
        (Answer(200, b'{"Item": '), StoreUnavailable),
        (Answer(200, b"[]"), StoreUnavailable),
        (failure("ProvisionedThroughputExceededException"), Throttled),
        (failure("ThrottlingException"), Throttled),
        (failure("RequestLimitExceeded"), Throttled),
        (Answer(400, {"__type": "ThrottlingException"}), Throttled),
    ],
)
def test_second_attempt_may_help_and_a_third_is_not_made(
    outcome: Answer | Exception, fault: type[KeyturnError]
) -> None:
    """R61: a passing fault is tried twice, then it is the domain's error, without the answer's text."""
    assert client(ScriptedConnections(outcome, GOOD)).call("GetItem", {}) == {"Item": {}}
    connections = ScriptedConnections(outcome, outcome)
    with pytest.raises(fault) as raised, aws_errors("DynamoDB GetItem"):
        client(connections).call("GetItem", {})
    assert type(raised.value) is fault
    assert len(connections.requests) == ATTEMPTS == 2
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Answer(503, b"<html>"), "503"),
        (Answer(503, b"[]"), "503"),
        (Answer(200, b"[]"), "status 200 without a JSON object"),
        (Answer(400, {}), "400"),
        (failure("ResourceNotFoundException"), "ResourceNotFoundException"),
        (failure("InternalServerError", 500), "InternalServerError"),
    ],
)
def test_an_error_says_the_operation_and_its_kind(outcome: Answer, text: str) -> None:
    """An error names the operation and the answer's type, or its status without one, and no text of the answer."""
    with pytest.raises(StoreUnavailable) as raised, aws_errors("DynamoDB Query"):
        client(ScriptedConnections(outcome, outcome)).call("Query", {})
    assert str(raised.value) == f"DynamoDB Query: {text}"


@pytest.mark.parametrize(
    "kind",
    [
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    ],
)
def test_denied_is_denied_at_once(kind: str) -> None:
    """A call that IAM refuses is sent once."""
    connections = ScriptedConnections(failure(kind))
    with pytest.raises(AccessDenied, match=kind), aws_errors("DynamoDB GetItem"):
        client(connections).call("GetItem", {})


def test_credentials_are_read_at_each_call() -> None:
    """Credentials that Lambda has renewed sign the next call."""
    environ = dict(ENVIRON)
    connections = ScriptedConnections(GOOD, GOOD)
    dynamodb = client(connections, environ)
    dynamodb.call("GetItem", {})
    environ["AWS_ACCESS_KEY_ID"] = "AKIDRENEWED"
    del environ["AWS_SESSION_TOKEN"]
    dynamodb.call("GetItem", {})
    headers = connections.requests[1][0]
    assert "AKIDRENEWED" in headers["Authorization"]
    assert "X-Amz-Security-Token" not in headers


@pytest.mark.parametrize("outcome", [failure("ResourceNotFoundException"), Answer(400, {})])
def test_an_error_that_lasts_is_not_tried_again(outcome: Answer) -> None:
    """An error that another attempt would meet again is raised at once."""
    connections = ScriptedConnections(outcome)
    with pytest.raises(StoreUnavailable), aws_errors("DynamoDB GetItem"):
        client(connections).call("GetItem", {})
    assert len(connections.requests) == 1


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_missing_credentials_are_named(name: str) -> None:
    """Without credentials nothing is sent, and the error names the variable."""
    connections = ScriptedConnections()
    with pytest.raises(AccessDenied, match=name):
        client(connections, {key: value for key, value in ENVIRON.items() if key != name}).call("GetItem", {})
    assert connections.requests == []


@pytest.mark.parametrize(
    ("environ", "origin"),
    [
        ({"AWS_REGION": "eu-central-1"}, "https://dynamodb.eu-central-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": ""}, "https://dynamodb.eu-central-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "http://localhost:4566"),
        ({"AWS_ENDPOINT_URL": "http://host.docker.internal:4581"}, "http://host.docker.internal:4581"),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_DYNAMODB": "https://vpce.example"}, "https://vpce.example"),
    ],
)
def test_origin_follows_the_environment(environ: dict[str, str], origin: str) -> None:
    """The service's own endpoint variable goes before the general one, and that before the Region's endpoint."""
    assert dynamodb_origin(environ) == origin


@pytest.mark.parametrize(
    "url",
    [
        "http://dynamodb.example",
        "http://127.0.0.2:1",
        "http://localhost.example",
        "http://host.docker.internal:80@dynamodb.example",
        "http://host.docker.internal.example",
        "ftp://localhost",
        "https://h/path",
        "x",
    ],
)
def test_plain_http_never_leaves_the_machine(url: str) -> None:
    """Credentials and answers go over plain http to this machine alone, by loopback or from a container on it."""
    hosts = "localhost, 127.0.0.1 and host.docker.internal"
    with pytest.raises(
        SettingsError, match=rf"^AWS_ENDPOINT_URL is https://host\[:port\], or http:// for {hosts} alone$"
    ):
        dynamodb_origin({"AWS_ENDPOINT_URL": url})


def test_a_connection_that_cannot_be_made_is_tried_once_more() -> None:
    """R61: a failure before the connection exists is a failed attempt like another."""
    tried: list[str] = []

    def connect(origin: str) -> HttpConnection:
        tried.append(origin)
        raise ssl.SSLError("no certificates")

    with pytest.raises(StoreUnavailable, match=r"^DynamoDB GetItem: SSLError$"):
        DynamoDb(ORIGIN, ENVIRON, lambda: 1_790_000_000, connect).call("GetItem", {})
    assert tried == [ORIGIN, ORIGIN]


class _ClosingHandler(http.server.BaseHTTPRequestHandler):
    """Answers, says that the connection stays, and closes it anyway, as a server does with an idle one."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def closing_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ClosingHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.enable_socket
def test_closed_connection_is_reopened_on_a_real_socket(closing_server: str) -> None:
    """A connection that a real server closed behind an answer is reopened, call after call."""
    dynamodb = DynamoDb(closing_server, ENVIRON, lambda: 1_790_000_000)
    assert [dynamodb.call("GetItem", {}) for _ in range(3)] == [{}, {}, {}]
    [idle] = dynamodb._idle
    idle.close()
