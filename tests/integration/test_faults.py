"""While AWS refuses, throttles, is silent or holds a damaged item: neither an Allow nor half a token."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws, function_name, redirected
from tests.integration.browser import Browser
from tests.integration.http import CLIENT, ask, get_token, post, statuses
from tests.integration.people import person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

ALLOWED = {"http": 200, "rest_token": 200, "rest_request": 200}
FAULT = {"http": 500, "rest_token": 500, "rest_request": 500}
ERRORS = {
    "throttling": (400, "ProvisionedThroughputExceededException"),
    "throttling_calls": (400, "ThrottlingException"),
    "refusing": (400, "AccessDeniedException"),
    "failing": (500, "InternalServerError"),
    "silent": (0, "nothing"),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack of this module's own, since it is being broken."""
    with EmbeddedStack(tmp_path_factory.mktemp("faults"), ports=ANY_PORTS) as running:
        yield running


class Answers(BaseHTTPRequestHandler):
    """An AWS service that has one answer to everything, or none at all."""

    protocol_version = "HTTP/1.1"
    status: int
    code: str
    silent = threading.Event()

    def do_POST(self) -> None:
        if self.status == 0:
            self.silent.wait(5)
            return
        body = json.dumps({"__type": self.code, "message": "injected"}).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        return


@contextlib.contextmanager
def service_replaced(stack: StackFile, function: str, service: str, status: int, code: str) -> Iterator[None]:
    """Point one function's calls to one service to a server with one answer; status 0 never answers."""
    handler = type("Handler", (Answers,), {"status": status, "code": code, "silent": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with redirected(stack, function, service, f"http://127.0.0.1:{server.server_port}"):
            yield
    finally:
        handler.silent.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("status", "code"), ERRORS.values())
def test_the_authorizer_answers_500_while_dynamodb_does_not_answer(stack: StackFile, status: int, code: str) -> None:
    """Throttled, refused, failing or silent: 500, neither an Allow nor a Deny that might be kept (R57, R61)."""
    raw = get_token(stack)
    with service_replaced(stack, "AuthorizerFunction", "DYNAMODB", status, code):
        assert statuses(stack, raw) == FAULT
    assert statuses(stack, raw) == ALLOWED


@pytest.mark.parametrize("service", ["DYNAMODB", "KMS"])
@pytest.mark.parametrize(
    ("kind", "expected", "error"),
    [
        ("throttling_calls", 503, "temporarily_unavailable"),
        ("failing", 503, "temporarily_unavailable"),
        ("silent", 503, "temporarily_unavailable"),
        ("refusing", 500, "server_error"),
    ],
)
def test_the_issuer_says_when_it_cannot(stack: StackFile, service: str, kind: str, expected: int, error: str) -> None:
    """KMS or DynamoDB throttling or failing is 503 with Retry-After, refusing is 500; no token either way (R20)."""
    with service_replaced(stack, "TokenIssuerFunction", service, *ERRORS[kind]):
        answer = ask(stack)
    assert (answer.status_code, answer.json()["error"]) == (expected, error)
    assert ("Retry-After" in answer.headers) == (expected == 503)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "access_token" not in answer.text
    assert ask(stack).status_code == 200


@pytest.mark.parametrize(
    ("service", "kind", "expected"),
    [("DYNAMODB", "throttling_calls", 503), ("KMS", "failing", 503), ("KMS", "refusing", 500)],
)
def test_the_login_says_when_it_cannot(stack: StackFile, service: str, kind: str, expected: int) -> None:
    """Each fault is a page with Retry-After where it helps; no session exists, and the same form signs in later."""
    user = person(stack, "faulty")
    browser = Browser(stack)
    browser.open("/login")
    form, filled = browser.forms[0], {"email": user.email, "password": user.password}
    with service_replaced(stack, "LoginFunction", service, *ERRORS[kind]):
        answer = browser.post(form, filled)
    assert (answer.status_code, "Retry-After" in answer.headers) == (expected, expected == 503)
    assert "<!doctype html>" in answer.text
    assert "keyturn-session" not in browser.client.cookies
    assert browser.post(form, filled).url.path == "/account"


def test_a_revocation_that_was_not_stored_is_not_acknowledged(stack: StackFile) -> None:
    """While DynamoDB fails, /revoke answers 503, and the token is as live as before (R46)."""
    raw = get_token(stack)
    with service_replaced(stack, "TokenIssuerFunction", "DYNAMODB", *ERRORS["failing"]):
        assert post(stack, "revoke", token=raw).status_code == 503
    assert post(stack, "introspect", token=raw).json()["active"] is True


def test_a_damaged_ring_is_a_clear_error_and_heals_with_the_item(stack: StackFile) -> None:
    """A ring item damaged by hand gives 5xx in the RFC's words, without Allow or new ring; its repair ends that."""
    raw = get_token(stack)
    dynamodb, table = aws(stack, "dynamodb"), stack.outputs["KeyRingTableName"]
    [item] = dynamodb.scan(TableName=table)["Items"]
    restart_functions(stack)
    dynamodb.put_item(TableName=table, Item=item | {"keys": {"S": "damaged"}})
    try:
        answer = ask(stack)
        assert answer.status_code == 500
        assert answer.json()["error"] == "server_error"
        assert CLIENT.get(stack.outputs["JwksUrl"]).status_code >= 500
        assert statuses(stack, raw) == FAULT
        [damaged] = dynamodb.scan(TableName=table)["Items"]
        assert damaged["keys"] == {"S": "damaged"}
    finally:
        dynamodb.put_item(TableName=table, Item=item)
    assert ask(stack).status_code == 200
    assert statuses(stack, raw) == ALLOWED


def restart_functions(stack: StackFile) -> None:
    """Make every next invocation a cold start, without an older key ring in its cache."""
    lambda_ = aws(stack, "lambda")
    for logical_id in ("TokenIssuerFunction", "AuthorizerFunction"):
        name = function_name(stack, logical_id)
        variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
