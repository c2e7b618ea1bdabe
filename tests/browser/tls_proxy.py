"""TLS in front of the front proxy: the login then sets its cookies as on AWS, `__Host-…; Secure`."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from local.forwarding import ForwardingHandler, ForwardingServer

if TYPE_CHECKING:
    from pathlib import Path


class TlsProxy(ForwardingServer):
    """`https://localhost:<port>`, passed on to the front proxy at `upstream_port` under its own name.

    The port is known before the upstream's: the stack is deployed with this URL as its issuer.
    """

    def __init__(self, chain: Path) -> None:
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(chain)
        super().__init__(("127.0.0.1", 0), _Handler, upstream_port=0)

    @property
    def url(self) -> str:
        """The issuer's URL."""
        return f"https://localhost:{self.port}"

    def get_request(self) -> tuple[Any, Any]:
        """Return a connection whose handshake is made in the thread that serves it."""
        connection, address = super().get_request()
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that ends a handshake."""


class _Handler(ForwardingHandler):
    server: TlsProxy

    def upstream_path(self) -> str:
        return self.path

    def upstream_host(self) -> str:
        return f"localhost:{self.server.upstream_port}"
