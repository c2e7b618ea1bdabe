"""A real browser against one embedded stack."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.browser.sign_in_site import NewBrowser, Site, serve_site, watched_browsers
from tests.fakes.node_script import run_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

FOLDER = Path(__file__).parent / "javascript"
NOT_RUN = "NOT RUN: needs Chromium and playwright-core: make browser"
# The browser resolves these to 127.0.0.1, as a site's owner can let its own name do.
NAMES = ("evil.example", "rebound.example", "app.example")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class Browser:
    """Chromium, and a site of any name on a port of its own."""

    def __init__(self, chromium: str, node: str, site_port: int) -> None:
        self._chromium = chromium
        self._node = node
        self._site_port = site_port

    def site(self, name: str) -> str:
        """Return the origin of the site under a name that the browser resolves to this machine."""
        return f"http://{name}:{self._site_port}"

    def run(self, script: str, page: str, argument: object, *, serve: bool = False) -> Any:
        """Return what a script of `javascript/scripts.mjs` returns on a page; `serve` puts an empty page at the URL."""
        question = {"executable": self._chromium, "page": page, "serve": serve, "script": script, "names": NAMES}
        return run_script(self._node, FOLDER / "visit.mjs", question | {"argument": argument}, timeout=120)


@contextmanager
def _site() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="session")
def tools() -> tuple[str, str]:
    """Return the paths of Node and Chromium where they are installed; else say so, and fail in CI."""
    chromium = os.environ.get("KEYTURN_CHROMIUM") or shutil.which("chromium")
    node = os.environ.get("KEYTURN_NODE") or shutil.which("node")
    if chromium is None or node is None or not (FOLDER / "node_modules").exists():
        if os.environ.get("CI"):
            pytest.fail(NOT_RUN)
        pytest.skip(NOT_RUN)
    return node, chromium


@pytest.fixture(scope="session")
def browser(tools: tuple[str, str]) -> Iterator[Browser]:
    """Return Chromium, and a site for it."""
    node, chromium = tools
    with _site() as port:
        yield Browser(chromium, node, port)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the stack."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="session")
def stack(directory: Path) -> Iterator[StackFile]:
    """Return a stack with a state and ports of its own, with the user and the page of `make run`."""
    with EmbeddedStack(directory, ports=ANY_PORTS, interactive=True) as running:
        yield running


@pytest.fixture(scope="session")
def site(tools: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a stack with an https issuer, and Chromium."""
    with serve_site(tools, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def new_browser(site: Site) -> Iterator[NewBrowser]:
    """Return what opens a browser without cookies; fails for a complaint of one, or a request to another host."""
    with watched_browsers(site) as opener:
        yield opener
