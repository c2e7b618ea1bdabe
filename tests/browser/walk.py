"""A client's user: takes an authorization URL through the pages in Chromium, also for a script in another process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

from tests.browser.sign_in_site import is_arrived, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.chromium import Tab
    from tests.browser.sign_in_site import User

_MAX_PAGES = 2


class Walk:
    """A user in a tab, who signs in and allows; `pages` are the headings that the user saw."""

    def __init__(self, tab: Tab, user: User) -> None:
        self._tab = tab
        self._user = user
        self.pages: list[str] = []

    def answer(self, url: str) -> str:
        """Return the callback URL at which the browser arrives."""
        view = self._tab.open(url)
        for _ in range(_MAX_PAGES):
            if is_arrived(view):
                break
            self.pages.append(view.heading)
            view = sign_in(self._tab, self._user) if view.heading == "Sign in" else self._tab.click("Allow")
        assert is_arrived(view), view
        return view.url


class _Server(HTTPServer):
    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        url = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = self.server.walk.answer(url).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_walk(walk: Walk) -> Iterator[str]:
    """Answer each posted authorization URL with its callback URL, one after the other; return the server's URL."""
    with _Server(walk) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
