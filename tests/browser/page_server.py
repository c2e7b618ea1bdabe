"""A loopback server of the sample pages, with the headers that the login sends."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from keyturn.web.responses import Response, asset, page
from login.assets import ASSET_PATH, find_asset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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

    def do_GET(self) -> None:
        folder, _, name = self.path.removeprefix("/").partition("/")
        found = find_asset(name) if f"/{folder}/" == ASSET_PATH else None
        if found is not None:
            self._answer(asset(found.content, found.content_type))
        elif folder == "pages" and name in self.server.pages:
            self._answer(page(self.server.pages[name]))
        else:
            self._answer(page("<!doctype html><title>nothing</title>", status=404))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append((self.path, body))
        self._answer(page("<!doctype html><title>posted</title>"))

    def _answer(self, response: Response) -> None:
        event = response.to_event()
        content = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
        self.send_response(event["statusCode"])
        for name, value in (event["headers"] | {"content-length": str(len(content))}).items():
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
