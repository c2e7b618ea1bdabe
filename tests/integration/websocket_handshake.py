"""The opening handshake of a WebSocket (RFC 6455 §4.1)."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def open_websocket(url: str, headers: Mapping[str, str]) -> int:
    """Open a WebSocket with further headers, and close it again; return the status of the handshake."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=40)
    try:
        connection.request("GET", parts.path, headers=_HANDSHAKE | dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
