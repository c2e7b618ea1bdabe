"""The init of a sandbox: the issuer and the login compose and connect then, and leave faults to the requests."""

from __future__ import annotations

import importlib
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.adapters.aws import http
from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.keys.key_ring_item import ring_to_item
from login import app as login_app
from login import bootstrap as login_root
from tests.fakes.http_api_event import http_api_event
from tests.fakes.issuer_harness import ENVIRONMENT as ISSUER_ENVIRONMENT
from tests.fakes.issuer_harness import JWKS
from tests.fakes.login_harness import ENVIRONMENT as LOGIN_ENVIRONMENT
from tests.fakes.scripted_connection import Answer
from tests.fakes.stub_key_ring import ring_of
from token_issuer import app as issuer_app
from token_issuer import bootstrap as issuer_root

AWS = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
APPS = pytest.mark.parametrize("app", [issuer_app, login_app], ids=["issuer", "login"])


class Network:
    """The connections that were opened, by host, and the operations that were called; `fault` fails both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.called: list[str] = []
        self.fault: Exception | None = None
        network = self

        def opened(connection: http.HttpConnection) -> Any:
            network.opened.append(connection._host.decode().partition(".")[0])
            if network.fault is not None:
                raise network.fault

        def post(connection: http.HttpConnection, body: bytes, headers: dict[str, str]) -> http.Answer:
            network.called.append(headers["X-Amz-Target"].partition(".")[2])
            if network.fault is not None:
                raise network.fault
            ring = encode_item(ring_to_item(ring_of()))
            return Answer(200, {"Responses": {"rings": [ring]}, "UnprocessedKeys": {}}, "Mon, 21 Sep 2026 14:13:20 GMT")

        monkeypatch.setattr(http.HttpConnection, "open", opened)
        monkeypatch.setattr(http.HttpConnection, "post", post)


def forget() -> None:
    for each in (issuer_root.bootstrap, login_root.bootstrap, login_root._clients):
        each.cache_clear()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Return to a sandbox that has begun nothing, before and after the test."""
    for name, value in (LOGIN_ENVIRONMENT | ISSUER_ENVIRONMENT | AWS).items():
        monkeypatch.setenv(name, value)
    forget()
    yield
    forget()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


def test_the_issuer_connects_and_reads_its_rings(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The first token finds the endpoint, the rings, service time and a connection to KMS."""
    issuer_app.prepare()
    assert (network.opened, network.called) == (["kms"], ["BatchGetItem"])
    assert issuer_app.lambda_handler(http_api_event("GET", JWKS), None)["statusCode"] == 200
    assert network.called == ["BatchGetItem"]
    assert "not_prepared" not in capsys.readouterr().out


def test_the_login_connects(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The first page finds the login composed, and connections to DynamoDB and KMS."""
    login_app.prepare()
    assert (network.opened, network.called) == (["dynamodb", "kms"], [])
    assert [len(client._idle) for client in login_root._clients()] == [1, 1]
    assert capsys.readouterr().out == ""


@APPS
@pytest.mark.parametrize("fault", [socket.gaierror(), TimeoutError(), ConnectionRefusedError(), RuntimeError("secret")])
def test_a_fault_is_left_to_the_request(
    app: Any, network: Network, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    """An outage during init is one line in the log, without the text of a library: the sandbox stays."""
    network.fault = fault
    app.prepare()
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["event"]) == ("WARN", "not_prepared")
    assert "secret" not in str(line)


def test_a_request_after_a_fault_of_init_succeeds(network: Network) -> None:
    """The first request makes up for a fault of init."""
    network.fault = TimeoutError()
    issuer_app.prepare()
    network.fault = None
    assert issuer_app.lambda_handler(http_api_event("GET", JWKS), None)["statusCode"] == 200


@APPS
def test_a_wrong_environment_is_named_in_the_log(
    app: Any, network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing variable leaves the sandbox alive: each request then says that the function is not configured."""
    monkeypatch.delenv("CLIENT_TABLE")
    app.prepare()
    assert "CLIENT_TABLE" in capsys.readouterr().out
    assert network.opened == []


@APPS
def test_lambda_alone_prepares(app: Any, monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    """The import prepares if Lambda has named this handler: the command and tests import the module too."""
    monkeypatch.delenv("_HANDLER", raising=False)
    importlib.reload(app)
    assert network.opened == []
    monkeypatch.setenv("_HANDLER", app.HANDLER)
    importlib.reload(app)
    assert "kms" in network.opened
    assert os.environ["_HANDLER"] == f"{app.__name__}.lambda_handler"
