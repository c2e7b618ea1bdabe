"""The guard around an application that records what reaches it; the signatures are botocore's or the kernel's own."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from keyturn.adapters.aws.sigv4 import Credentials, sign
from local.guarded_emulator import CALLBACK, HEALTH, UNSIGNED, Guard, Run

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from local.guarded_emulator import Message, Receive, Send

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = "127.0.0.1:4580"
ROOT = Credentials("ROOT0123456789ABCDEF", "root's secret", None)
ROLE = Credentials("ASIA0123456789ABCDEF", "role's secret", "token")
API = "/_aws/execute-api/0a1b2c3d/"
PENDING = "3c0e0d0f"


class World:
    """A guard, and the requests that it passed."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.now = NOW
        self.unread = 0
        run = Run(ROOT.access_key_id, ROOT.secret_access_key, (HOST, "localhost:4580", "host.docker.internal:4581"))
        self._guard = Guard(self._application, run, self._secret_of, lambda token: token == PENDING, lambda: self.now)

    async def _application(self, scope: Message, receive: Receive, send: Send) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["path"], headers, message.get("body", b"")))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def _secret_of(self, access_key_id: str, session_token: str) -> str | None:
        known = (access_key_id, session_token) == (ROLE.access_key_id, ROLE.session_token)
        return ROLE.secret_access_key if known else None

    def send(self, *headers: tuple[str, str], body: bytes = b"", **scope: Any) -> Message:
        """Return the first message of the answer to a request, a POST to `/` unless `scope` says otherwise."""
        sent: list[Message] = []
        path: str = scope.get("path", "/")
        request = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
        lines = [(name.lower().encode(), value.encode()) for name, value in headers]
        parts = [{"type": "http.request", "body": body[:2], "more_body": True}]
        parts += [{"type": "http.request", "body": body[2:], "more_body": False}]

        async def receive() -> Message:
            return parts.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        request |= {"headers": lines, **scope}
        if request["type"] == "websocket":
            del request["method"]
        asyncio.run(self._guard(request, receive, send))
        self.unread = len(parts)
        return sent[0]

    def post(self, credentials: Credentials, body: bytes = b"body", *, at: datetime = NOW, host: str = HOST) -> int:
        """Return the status of a signed POST."""
        status: int = self.send(*signed(credentials, body, at=at, host=host).items(), body=body)["status"]
        return status


def signed(credentials: Credentials, body: bytes, *, at: datetime = NOW, host: str = HOST) -> dict[str, str]:
    amz_date = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"Host": host, "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    return sign(headers, body, service="dynamodb", region="us-east-1", amz_date=amz_date, credentials=credentials)


def signed_by_botocore(world: World, path: str, *, unsigned: str = "") -> dict[str, str]:
    """Return the headers of a POST by root at the world's time, which becomes that of the signature."""

    class Signer(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
            headers: HTTPMessage = super().headers_to_sign(request)
            del headers[unsigned]
            return headers

    request = AWSRequest("POST", f"http://{HOST}{path}", {"Host": HOST})
    Signer(BotocoreCredentials(ROOT.access_key_id, ROOT.secret_access_key), "dynamodb", "us-east-1").add_auth(request)
    world.now = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return dict(request.headers.items())


@pytest.fixture
def world() -> World:
    """Return a guard with one role's session."""
    return World()


def test_root_is_the_key_of_this_run_and_ministack_never_sees_it(world: World) -> None:
    """A signature by the run's key passes under MiniStack's own name for root, with the body as it was."""
    assert world.post(ROOT) == 200
    [(_, headers, body)] = world.seen
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/")
    assert ROOT.access_key_id not in str(headers)
    assert body == b"body"


def test_a_roles_request_passes_as_it_was(world: World) -> None:
    """A request of a role passes unchanged, since MiniStack checks its signature again."""
    assert world.post(ROLE, host="host.docker.internal:4581") == 200
    [(_, headers, body)] = world.seen
    assert headers == {
        name.lower(): value for name, value in signed(ROLE, body, host="host.docker.internal:4581").items()
    }


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(ROOT.access_key_id, "another secret", None),
        Credentials(ROLE.access_key_id, "another secret", ROLE.session_token),
        Credentials(ROLE.access_key_id, ROLE.secret_access_key, "another token"),
        Credentials(ROLE.access_key_id, ROLE.secret_access_key, None),
        Credentials("ASIAUNKNOWN000000000", "secret", "token"),
        Credentials("AKIA0123456789ABCDEF", "secret", None),
        Credentials("test", "test", None),
        Credentials("000000000000", "test", None),
        Credentials("", "", None),
    ],
    ids=lambda credentials: credentials.access_key_id or "no key",
)
def test_no_other_key_passes(world: World, credentials: Credentials) -> None:
    """A default credential of MiniStack, and a key without its secret or token, are refused."""
    assert world.post(credentials) == 403
    assert world.seen == []


@pytest.mark.parametrize(
    ("distance", "status"),
    [(0, 200), (900, 200), (-900, 200), (901, 403), (-901, 403), (86_400, 403)],
)
def test_a_signature_is_good_for_fifteen_minutes(world: World, distance: int, status: int) -> None:
    """The time of a request is at most 15 minutes from this machine's, before and after."""
    for credentials in (ROOT, ROLE):
        assert world.post(credentials, at=NOW + timedelta(seconds=distance)) == status


@pytest.mark.parametrize("amz_date", ["", "20261301T000000Z", "2026-01-01T00:00:00Z", "20260101T000000", "now"])
def test_a_date_that_is_none_is_refused(world: World, amz_date: str) -> None:
    """An unreadable date is refused."""
    headers = signed(ROOT, b"") | {"X-Amz-Date": amz_date}
    assert world.send(*headers.items())["status"] == 403


@pytest.mark.parametrize(
    "change",
    [
        {"X-Amz-Target": "AWSLambda.CreateFunction"},
        {"Host": "localhost:4580"},
        {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()},
        {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        {"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
    ],
    ids=str,
)
def test_what_was_signed_cannot_be_changed(world: World, change: dict[str, str]) -> None:
    """Headers and body must match the signature, and the guard computes the body's hash itself."""
    for credentials in (ROOT, ROLE):
        assert world.send(*(signed(credentials, b"body") | change).items(), body=b"body")["status"] == 403
        kept = {"X-Amz-Content-SHA256": hashlib.sha256(b"body").hexdigest()}
        for headers in (signed(credentials, b"body"), signed(credentials, b"body") | kept):
            assert world.send(*headers.items(), body=b"bodY")["status"] == 403
    assert world.seen == []


@pytest.mark.parametrize("scope", [{"method": "PUT"}, {"path": "/other"}, {"query_string": b"a=b"}], ids=str)
def test_the_request_line_is_signed(world: World, scope: dict[str, Any]) -> None:
    """Method, path and query are covered by the signature."""
    assert world.send(*signed(ROOT, b"").items(), **scope)["status"] == 403


@pytest.mark.parametrize("unsigned", ["Host", "X-Amz-Date"])
def test_a_signature_covers_host_and_time(world: World, unsigned: str) -> None:
    """A header that binds the request to this emulator and to its time has to be among the signed ones."""

    assert world.send(*signed_by_botocore(world, "/", unsigned=unsigned).items())["status"] == 403
    assert world.send(*signed_by_botocore(world, "/").items())["status"] == 200
    assert len(world.seen) == 1


@pytest.mark.parametrize("name", ["Authorization", "Host", "X-Amz-Date", "X-Amz-Security-Token"])
def test_a_header_of_the_signature_comes_once(world: World, name: str) -> None:
    """A repeated header is refused: two parsers could choose different values."""
    headers = signed(ROLE, b"")
    assert world.send(*headers.items(), (name, headers[name]))["status"] == 403


def test_a_second_credential_in_the_header_is_refused(world: World) -> None:
    """MiniStack reads the first Credential of a header, its signature check the last one."""
    good = signed(ROLE, b"")["Authorization"]
    for bad in (
        good.replace("Credential=", "Credential=test/x, Credential="),
        f"{good}, Credential=test/x",
        f" {good}",
    ):
        assert world.send(*(signed(ROLE, b"") | {"Authorization": bad}).items())["status"] == 403


@pytest.mark.parametrize("path", ["/", API])
@pytest.mark.parametrize(
    "query",
    [
        *("X-Amz-Credential=test/20260101/us-east-1/lambda/aws4_request", "x-amz-credential=test", "X-Amz-Signature=0"),
        *("AWSAccessKeyId=test&Signature=x&Expires=9999999999", "X%2DAmz%2DCredential=000000000000"),
    ],
)
def test_no_credential_is_taken_from_the_query(world: World, path: str, query: str) -> None:
    """A key in the query, which needs no preflight, is refused, even beside a valid signature."""
    for headers in ({"Host": HOST}, signed(ROOT, b"")):
        assert world.send(*headers.items(), path=path, query_string=query.encode())["status"] == 403
    assert world.seen == []


def test_an_api_is_open_without_a_signature(world: World) -> None:
    """A public API is called as on AWS, also by a web page, whose Origin it may answer."""
    for headers in (
        {},
        {"Authorization": "Bearer a"},
        {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"},
    ):
        assert world.send(("Host", HOST), *headers.items(), path=API)["status"] == 200


@pytest.mark.parametrize("value", ["AWS test:x", "AWS4-HMAC-SHA256 Credential=test/", " aws4-ecdsa-p256-sha256 x"])
def test_a_key_that_calls_an_api_is_checked(world: World, value: str) -> None:
    """The key `test` is refused: MiniStack treats it as root at an API with IAM authorization."""
    assert world.send(("Host", HOST), ("Authorization", value), path=API)["status"] == 403


def test_a_signed_call_of_an_api_passes(world: World) -> None:
    """An API with IAM authorization takes signatures, from a web page too."""
    for page in ({}, {"Origin": "https://app.example"}):
        assert world.send(*(signed_by_botocore(world, API) | page).items(), path=API)["status"] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/_aws/execute-api/0a1b2c3d", "/_aws/execute-api//x", "/_aws/execute-api/", "/_aws/execute-api/../x/y"),
        *(f"{API}stage/@connections/1", "/restapis/0a1b2c3d/stage/_user_request_/x", "/_aws/lambda-url/x/", "//x"),
    ],
)
def test_nothing_beside_the_apis_is_open(world: World, path: str) -> None:
    """MiniStack routes a path that is nearly an API's to another service, where no key at all is root."""
    assert world.send(("Host", HOST), ("Authorization", "Bearer a"), path=path)["status"] == 403


def test_the_connections_of_an_api_are_for_signed_calls(world: World) -> None:
    """The management of WebSocket connections takes a signature, as on AWS, and only by header."""
    path = f"{API}stage/@connections/1"
    assert world.send(*signed_by_botocore(world, path).items(), path=path)["status"] == 200
    by_a_page = signed_by_botocore(world, path) | {"Origin": "https://app.example"}
    assert world.send(*by_a_page.items(), path=path)["status"] == 403
    assert world.send(("Host", HOST), path=path, type="websocket")["type"] == "websocket.close"


@pytest.mark.parametrize("path", ["/", "/x", "/_ministack/reset", f"{API}stage/@connections/1"])
def test_a_websocket_reaches_apis_alone(world: World, path: str) -> None:
    """A handshake outside of the APIs is closed before it is accepted, which the client sees as 403."""
    assert world.send(("Host", HOST), path=path, type="websocket") == {"type": "websocket.close", "code": 1008}
    assert world.send(("Host", HOST), path=API, type="websocket")["type"] == "http.response.start"
    assert world.send(("Host", "evil.example"), path=API, type="websocket")["type"] == "websocket.close"
    signed_handshake = signed(ROOT, b"").items()
    assert world.send(*signed_handshake, path=API, type="websocket")["type"] == "websocket.close"


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_localstack/health", f"{CALLBACK}x", "/_"]
)
def test_the_emulators_own_paths_are_closed_for_root_too(world: World, path: str) -> None:
    """The paths `/_ministack/*`, which bypass MiniStack's IAM, are closed."""
    assert world.send(("Host", HOST), path=path)["status"] == 403
    assert world.send(*signed_by_botocore(world, path).items(), path=path)["status"] == 403


def test_health_is_open_to_read(world: World) -> None:
    """The health check, which a start polls, is open; a web page cannot read it."""
    assert world.send(("Host", HOST), path=HEALTH, method="GET")["status"] == 200
    assert world.send(("Host", HOST), path=HEALTH, method="POST")["status"] == 403
    assert world.send(("Host", HOST), ("Origin", "null"), path=HEALTH, method="GET")["status"] == 403
    assert world.send(("Host", HOST), path=HEALTH, type="websocket")["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        *(([HOST], 200), (["LocalHost:4580"], 200), (["Host.Docker.Internal:4581"], 200), ([], 403), ([""], 403)),
        *((["host.docker.internal:4580"], 403), (["127.0.0.1:4581"], 403), (["127.0.0.1"], 403)),
        *(([HOST, "evil.example"], 403), (["evil.example", HOST], 403), ([HOST, HOST], 403), ([f"{HOST}, x"], 403)),
    ],
)
def test_a_host_is_one_of_this_run(world: World, hosts: list[str], status: int) -> None:
    """RFC 9112 §3.2, RFC 9110 §4.2.3: one Host, with its port, without regard to case."""
    assert world.send(*(("Host", host) for host in hosts), path=HEALTH, method="GET")["status"] == status
    assert world.send(*(("Host", host) for host in hosts), path=API)["status"] == status


def test_a_custom_resource_answers_where_it_was_told_to(world: World) -> None:
    """CloudFormation hands out a URL that needs no signature: only it, only by PUT, and only while it waits."""
    assert world.send(("Host", "localhost:4580"), path=CALLBACK + PENDING, method="PUT")["status"] == 200
    for method, path in (("POST", CALLBACK + PENDING), ("PUT", CALLBACK), ("PUT", f"{CALLBACK}{PENDING}/x")):
        assert world.send(("Host", HOST), path=path, method=method)["status"] == 403
    assert world.send(("Host", HOST), ("Origin", "null"), path=CALLBACK + PENDING, method="PUT")["status"] == 403


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"])
@pytest.mark.parametrize("value", ["none", "same-origin", "cross-site", "null", "http://127.0.0.1:4580", ""])
def test_no_web_page_calls_a_service(world: World, name: str, value: str) -> None:
    """A browser's header is refused whatever it says, also beside a good signature."""
    assert world.send(*signed(ROOT, b"").items(), (name, value))["status"] == 403
    assert world.seen == []


def test_a_refusal_is_an_error_that_sdks_show(world: World) -> None:
    """The answer has the message in the shape of the caller's protocol, and allows no page to read it."""
    for headers, expected in (({"X-Amz-Target": "a.B"}, "application/json"), ({}, "text/xml")):
        answer = world.send(("Host", HOST), *headers.items(), body=b"a body that is read to its end")
        sent = {name.decode(): value.decode() for name, value in answer["headers"]}
        assert sent["content-type"] == expected
        assert not any(name.startswith("access-control-") for name in sent)
        assert world.unread == 0


def test_a_refusal_is_logged_without_what_was_sent(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """R66: the log has method and reason alone, since path and headers may hold secrets."""
    world.send(("Host", HOST), ("Authorization", "Bearer secret"), path="/secret\nforged line", query_string=b"secret")
    assert "secret" not in caplog.text
    assert caplog.messages == [f"refused: POST: {UNSIGNED}"]
