"""The front proxy: the URLs that clients see, on two hosts, in front of the emulator's API Gateway.

The issuer answers on `http://localhost:P` and the APIs on `http://127.0.0.1:Q/<prefix>`: two hosts, since ports do not
separate cookies, and CORS and Origin need two. The emulator always receives `/_aws/execute-api/<id>/...` with its own
Host: with a public Host, the emulator's own paths would shadow `/oauth2/token`. The proxy changes responses as API
Gateway changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from local.api_functions import EMULATORS_ADDRESS, ProxiedRequest
from local.forwarding import ForwardingHandler, ForwardingServer, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.api_functions import ApiFunctions


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix of the public path, and the emulator's path that replaces it."""

    prefix: str
    upstream: str


class FrontProxy(ForwardingServer):
    """One public host with one name and one port."""

    def __init__(self, name: str, port: int, upstream_port: int) -> None:
        self.name = name
        self.routes: tuple[Route, ...] = ()
        self.functions: ApiFunctions | None = None
        self._followed: Callable[[], Mapping[str, str]] = dict
        super().__init__(("127.0.0.1", port), _Handler, upstream_port)

    def publish(self, routes: Mapping[str, str], functions: ApiFunctions | None = None) -> None:
        """Serve these prefixes, each from the emulator's path that it maps to; before this call, every path is 503.

        `functions`, if given, answer requests that the emulator gets wrong: OPTIONS, and a request with cookies or from
        another address than the emulator's own.
        """
        self.functions = functions
        self.routes = _routes_of(routes)

    def follow(self, read: Callable[[], Mapping[str, str]]) -> None:
        """Serve the prefixes that `read` returns too; it is called for each request, since they change."""
        self._followed = read

    def current_routes(self) -> tuple[Route, ...]:
        """Return the published routes, and those that are followed."""
        return self.routes + _routes_of(self._followed())


def _routes_of(routes: Mapping[str, str]) -> tuple[Route, ...]:
    return tuple(Route(prefix, upstream) for prefix, upstream in routes.items())


class _Handler(ForwardingHandler):
    server: FrontProxy

    def upstream_path(self) -> str:
        self._check_host()
        path, _, query = self.path.partition("?")
        # A dot segment could climb out of its API into the emulator's own paths.
        decoded = unquote(path)
        if not path.startswith("/") or any(segment in {".", ".."} for segment in decoded.split("/")):
            raise Refusal(400, "Bad Request")
        routes = self.server.current_routes()
        for route in routes:
            if path == route.prefix or path.startswith(route.prefix.rstrip("/") + "/"):
                rest = path[len(route.prefix.rstrip("/")) :] or "/"  # without the slash the emulator sees no API
                return route.upstream + rest + (f"?{query}" if query else "")
        raise Refusal(404 if routes else 503, "Not Found" if routes else "Service Unavailable")

    def _check_host(self) -> None:
        hosts = self.headers.get_all("host", [])
        if len(hosts) != 1:
            raise Refusal(400, "Bad Request")  # RFC 9112 §3.2
        # A page of another name, rebound to this address, could read every response (DNS rebinding).
        if hosts[0].lower() != f"{self.server.name}:{self.server.port}":
            raise Refusal(421, "Misdirected Request")

    def forward(self, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        functions, source = self.server.functions, self.client_address[0]
        if functions is not None and (
            self.command == "OPTIONS" or "cookie" in self.headers or source != EMULATORS_ADDRESS
        ):
            request = ProxiedRequest(self.command, self.path, self.headers.items(), body, source)
            status, headers, answer = functions.answer(request)
            return status, self.answer_headers(headers), answer
        return super().forward(path, body)

    def answer_headers(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        # API Gateway renames a Lambda's WWW-Authenticate. That of a REST API's own gateway response keeps its name; the
        # error type of the response identifies it.
        names = {name.lower() for name, _ in headers}
        renamed = {} if "x-amzn-errortype" in names else {"www-authenticate": "x-amzn-remapped-www-authenticate"}
        return [(renamed.get(name.lower(), name), value) for name, value in super().answer_headers(headers)]
