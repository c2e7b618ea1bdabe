"""`make run` adds two things for a person: the registration and the server of examples/browser-app."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.domain.clients.client import Client
from local import browser_app
from local.browser_client import CLIENT_ID, register_browser_client
from local.browser_example import serve_app
from local.progress import Progress
from tests.fakes.moto_dynamodb import create_table
from tests.unit.local.test_stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = "clients"
EMULATOR = {"region": "us-east-1", "access_key_id": "testing", "secret_access_key": "testing"}
RUNNING = replace(STACK, outputs={"ClientTableName": TABLE}, emulator=EMULATOR)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """Return a client of DynamoDB with the table of clients."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_table(client, TABLE, "pk")
        yield client


def register(dynamodb: Any, origin: str) -> Client:
    register_browser_client(dynamodb, TABLE, origin=origin, audience=STACK.audience)
    client = DynamoDbClients(dynamodb, TABLE).get(CLIENT_ID)
    assert client is not None
    return client


def test_the_example_is_registered_for_its_own_origin(dynamodb: Any) -> None:
    """The client is public, and only pages of its origin get a code, a sign-out and an answer across origins."""
    client = register(dynamodb, "http://127.0.0.1:8482")
    assert client.is_public
    assert client.redirect_uris == ("http://127.0.0.1:8482/callback",)
    assert client.post_logout_redirect_uris == ("http://127.0.0.1:8482/",)
    assert client.cors_origins == {"http://127.0.0.1:8482"}


def test_another_port_changes_the_registration_and_the_same_one_writes_nothing(dynamodb: Any) -> None:
    """A second start leaves the registration alone, and a page that moved gets its new origin registered."""
    first = register(dynamodb, "http://127.0.0.1:8482")
    assert register(dynamodb, "http://127.0.0.1:8482") == first
    moved = register(dynamodb, "http://127.0.0.1:9000")
    assert moved.cors_origins == {"http://127.0.0.1:9000"}
    assert (moved.revision, moved.created_at) == (first.revision + 1, first.created_at)


@pytest.mark.usefixtures("socket_enabled")
def test_the_page_is_served_until_the_stack_stops(
    dynamodb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack names the page's URL, which answers as long as the stack runs."""
    library = tmp_path / "oidc-client-ts.min.js"
    library.touch()
    monkeypatch.setattr(browser_app, "_CLIENT_LIBRARY", library)
    with ExitStack() as servers:
        running = serve_app(RUNNING, 0, servers, Progress(None))
        assert running.app is not None
        connection = HTTPConnection(running.app.removeprefix("http://").rstrip("/"), timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        client = DynamoDbClients(dynamodb, TABLE).get(CLIENT_ID)
        assert client is not None
        assert client.redirect_uris == (f"{running.app}callback",)
    with pytest.raises(ConnectionRefusedError):
        connection.request("GET", "/")


def test_a_missing_package_leaves_the_page_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without oidc-client-ts the start continues, and a line names the missing package."""
    monkeypatch.setattr(browser_app, "_CLIENT_LIBRARY", tmp_path / "absent.js")
    said = io.StringIO()
    with ExitStack() as servers:
        assert serve_app(RUNNING, 0, servers, Progress(said)) == RUNNING
    assert "npm ci in examples/browser-app" in said.getvalue()
