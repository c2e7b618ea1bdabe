"""The server of `examples/browser-app`: its files, its configuration, and the protected API under its own origin."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from local.forwarding import ForwardingHandler, ForwardingServer, Refusal

HOST = "127.0.0.1"
_FOLDER = Path(__file__).parents[1] / "examples" / "browser-app"
_PAGE = (_FOLDER / "index.html", "text/html; charset=utf-8")
_SCRIPT = "text/javascript; charset=utf-8"
_CLIENT_LIBRARY = _FOLDER / "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
_FILES = {
    "/": _PAGE,
    "/callback": _PAGE,
    "/app.js": (_FOLDER / "app.js", _SCRIPT),
    "/style.css": (_FOLDER / "style.css", "text/css; charset=utf-8"),
    "/oidc-client-ts.min.js": (_CLIENT_LIBRARY, _SCRIPT),
}
_CONFIGURATION = "/config.json"
_API = "/api"


def is_installed() -> bool:
    """Return whether the page's npm package is there."""
    return _CLIENT_LIBRARY.is_file()


class AppSettings(NamedTuple):
    """The client as the issuer knows it; `api_path` is the path of a GET on 127.0.0.1:`api_port` that needs `scope`."""

    issuer: str
    client_id: str
    scope: str
    api_port: int
    api_path: str


class BrowserApp(ForwardingServer):
    """Serves the example on loopback until it is closed."""

    def __init__(self, port: int, settings: AppSettings) -> None:
        self.settings = settings
        super().__init__((HOST, port), _Handler, settings.api_port)

    @property
    def origin(self) -> str:
        """The page's origin; its redirect URI is `/callback`, and `/` the one after a logout."""
        return f"http://{HOST}:{self.port}"


class _Handler(ForwardingHandler):
    server: BrowserApp

    def upstream_path(self) -> str:
        # Another name is that of a page rebound to this address (DNS rebinding).
        if self.headers.get_all("host") != [f"{HOST}:{self.server.port}"]:
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, "Misdirected Request")
        if self.command not in ("GET", "HEAD"):
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed")
        return self.path.partition("?")[0]

    def upstream_host(self) -> str:
        return f"{HOST}:{self.server.upstream_port}"

    def forward(self, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        if path == _API:
            return super().forward(self.server.settings.api_path, body)
        if path == _CONFIGURATION:
            return self._answer(self._configuration(), "application/json")
        file, content_type = _FILES.get(path, (None, ""))
        if file is None or not file.is_file():
            raise Refusal(HTTPStatus.NOT_FOUND, "Not Found")
        return self._answer(file.read_bytes(), content_type)

    def _configuration(self) -> bytes:
        issuer, client_id, scope, *_ = self.server.settings
        return json.dumps({"issuer": issuer, "client_id": client_id, "scope": scope, "api": _API}).encode()

    def _answer(self, content: bytes, content_type: str) -> tuple[int, list[tuple[str, str]], bytes]:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
            f"connect-src 'self' {self.server.settings.issuer}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {
            "content-type": content_type,
            "content-security-policy": policy,
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return HTTPStatus.OK, list(headers.items()), content
