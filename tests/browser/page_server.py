"""A loopback server of the sample pages, with the headers that the login sends."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

from login.assets import ASSET_PATH, find_asset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# TODO the headers of keyturn.web.responses
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class PageServer(ThreadingHTTPServer):
    """Serves pages at /pages/<name> and the assets; keeps the body of each POST by its path."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.posted: list[tuple[str, str]] = []

    @property
    def origin(self) -> str:
        """The server's origin."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    _SECURITY: ClassVar[dict[str, str]] = {"Content-Security-Policy": _CSP, "X-Content-Type-Options": "nosniff"}

    def do_GET(self) -> None:
        folder, _, name = self.path.removeprefix("/").partition("/")
        asset = find_asset(name) if f"/{folder}/" == ASSET_PATH else None
        page = self.server.pages.get(name) if folder == "pages" else None
        if asset is not None:
            self._answer(200, asset.content_type, asset.content)
        elif page is not None:
            self._answer(200, "text/html; charset=utf-8", page.encode())
        else:
            self._answer(404, "text/plain", b"there is no such page")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append((self.path, body))
        self._answer(200, "text/html; charset=utf-8", b"<!doctype html><title>posted</title>")

    def _answer(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        for name, value in self._SECURITY.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_pages(pages: Mapping[str, str]) -> Iterator[PageServer]:
    """Serve the pages until the block ends."""
    with PageServer(pages) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()
