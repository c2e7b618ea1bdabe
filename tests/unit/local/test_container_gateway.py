"""The container gateway in front of a stub of the emulator."""

from __future__ import annotations

import http.client
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from local.container_gateway import ContainerGateway, find_bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("socket_enabled")

BY_A_ROLE = "AWS4-HMAC-SHA256 Credential=ASIA0123456789ABCDEF/20260101/us-east-1/dynamodb/aws4_request, Signature=00"
SIGNED = {"Authorization": BY_A_ROLE, "X-Amz-Target": "DynamoDB_20120810.GetItem", "Host": "host.docker.internal:4581"}


class _Upstream(BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        self.seen.append((self.path, self.headers["host"], self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


class World:
    """A container gateway, and the requests that it passed."""

    def __init__(self, gateway: ContainerGateway, seen: list[tuple[str, str | None, bytes]]) -> None:
        self.gateway = gateway
        self.seen = seen

    def send(self, headers: dict[str, str], method: str = "POST", path: str = "/") -> int:
        """Return the status of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=10)
        try:
            connection.request(method, path, b"body", headers)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def world() -> Iterator[World]:
    """Return a container gateway in front of a stub."""
    seen: list[tuple[str, str | None, bytes]] = []
    handler = type("Handler", (_Upstream,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as upstream:
        threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with ContainerGateway("127.0.0.1", 0, upstream.server_address[1]) as gateway:
            yield World(gateway, seen)
        upstream.shutdown()


@pytest.mark.parametrize("service", ["DynamoDB_20120810", "TrentService", "ResourceGroupsTaggingAPI_20170126"])
def test_what_a_role_has_signed_passes_unchanged(world: World, service: str) -> None:
    """The Host is signed: the emulator sees the one that the container used, and the body as it was."""
    assert world.send({**SIGNED, "X-Amz-Target": f"{service}.Call"}) == 200
    assert world.seen == [("/", "host.docker.internal:4581", b"body")]


@pytest.mark.parametrize(
    "changed",
    [
        {"Authorization": ""},
        {"Authorization": BY_A_ROLE.replace("ASIA0123456789ABCDEF", "test")},
        {"Authorization": BY_A_ROLE.replace("ASIA", "AKIA")},
        {"Authorization": "Bearer ASIA0123456789ABCDEF/"},
        {"X-Amz-Target": "AWSLambda.Invoke"},
        {"X-Amz-Target": ""},
    ],
)
def test_nothing_else_passes(world: World, changed: dict[str, str]) -> None:
    """The gateway refuses all others, since unsigned requests could be root at the emulator and start processes."""
    assert world.send({**SIGNED, **changed}) == 403
    assert world.seen == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/_ministack/health"),
        ("POST", "/?X-Amz-Credential=test"),
        ("POST", "/2015-03-31/functions"),
    ],
)
def test_no_other_path_passes(world: World, method: str, path: str) -> None:
    """Only the path of the services passes, without a query that could carry another signature."""
    assert world.send(SIGNED, method, path) == 403
    assert world.seen == []


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ('{"Gateway":"172.18.0.1","Subnet":"172.18.0.0/16"}', "172.18.0.1"),
        ('{"Subnet":"172.17.0.0/16"}', "172.17.0.1"),
        ("null", None),
        ("", None),
    ],
)
def test_the_bridge_is_found_from_what_docker_says(
    monkeypatch: pytest.MonkeyPatch, answer: str, address: str | None
) -> None:
    """Old engines name only the subnet, whose first address is that of the machine."""
    monkeypatch.setattr("shutil.which", lambda _: "docker")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: subprocess.CompletedProcess([], 0, answer))
    assert find_bridge() == address


def test_a_bridge_in_a_virtual_machine_leads_to_loopback() -> None:
    """An engine in a VM forwards `host.docker.internal` to loopback, since the bridge is not on this machine."""
    with ContainerGateway("198.51.100.1", 0, 1) as gateway:
        assert gateway.server_address[0] == "127.0.0.1"
