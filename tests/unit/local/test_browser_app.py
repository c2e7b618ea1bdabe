"""The server of the example page, in front of a stub of the API."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.browser_app import AppSettings, BrowserApp

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("socket_enabled")

FOLDER = Path(__file__).parents[3] / "examples" / "browser-app"
ISSUER = "http://localhost:8480"


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = json.dumps([self.path, self.headers["Host"], self.headers["Authorization"]]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@pytest.fixture
def app() -> Iterator[BrowserApp]:
    """Return a running server of the example."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as api:
        threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with BrowserApp(0, AppSettings(ISSUER, "web", "openid", api.server_address[1], "/http/reports")) as running:
            yield running
        api.shutdown()


def call(app: BrowserApp, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/callback?code=c", "index.html"),
        ("/app.js", "app.js"),
        ("/style.css", "style.css"),
    ],
)
def test_the_files_of_the_example_are_served(app: BrowserApp, path: str, file: str) -> None:
    """The page is served at its address and at its redirect URI; scripts load from its own host alone."""
    status, headers, content = call(app, path)
    assert (status, content) == (200, (FOLDER / file).read_bytes())
    assert "script-src 'self';" in headers["content-security-policy"]
    assert f"connect-src 'self' {ISSUER};" in headers["content-security-policy"]


def test_the_configuration_names_issuer_and_client(app: BrowserApp) -> None:
    """The page reads issuer, client id, scope and API from the server."""
    _, _, content = call(app, "/config.json")
    assert json.loads(content) == {"issuer": ISSUER, "client_id": "web", "scope": "openid", "api": "/api"}


def test_a_call_of_the_api_is_forwarded_with_its_token(app: BrowserApp) -> None:
    """The API sees its own path and Host, and the token of the page."""
    _, _, content = call(app, "/api", Authorization="Bearer t")
    assert json.loads(content) == ["/http/reports", f"127.0.0.1:{app.upstream_port}", "Bearer t"]


@pytest.mark.parametrize("path", ["/README.md", "/../pyproject.toml", "/node_modules/", "/api/other", "/%2e%2e/x"])
def test_no_other_file_is_served(app: BrowserApp, path: str) -> None:
    """A path outside the list is 404, even if the folder has the file."""
    assert call(app, path)[0] == 404


def test_another_name_or_method_gets_nothing(app: BrowserApp) -> None:
    """A request with a rebound name is 421, and one with another method than GET or HEAD is 405."""
    assert call(app, "/", Host=f"rebound.example:{app.port}")[0] == 421
    assert call(app, "/", "POST")[0] == 405


def test_the_page_names_only_files_that_are_served() -> None:
    """The page loads its stylesheet and two scripts from its own host, and has no inline script or style."""
    page = (FOLDER / "index.html").read_text()
    assert page.count("<script") == page.count('<script src="/')
    assert "<style" not in page
    assert "style=" not in page
    assert "://" not in page
