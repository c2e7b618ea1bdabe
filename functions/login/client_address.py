"""The browser's IP address: API Gateway's, or that of a CDN which proves itself by a shared secret."""

from __future__ import annotations

import hmac
import ipaddress

from keyturn.web.request import Request

# A CDN adds it to each request to its origin; a browser that reaches the issuer directly does not know it.
SECRET_HEADER = "x-keyturn-origin-secret"  # pragma: allowlist secret
# CloudFront appends the port of the connection, also to an IPv6 address without brackets.
_WITH_PORT = "cloudfront-viewer-address"


class ClientAddress:
    """Reads the address; X-Forwarded-For, which anybody can write, is never read."""

    def __init__(self, *, header: str, secret: str) -> None:
        self._header = header
        self._secret = secret

    def read(self, request: Request) -> str:
        """Return the browser's address, "" where there is none."""
        return self._from_cdn(request) or request.source_ip

    def _from_cdn(self, request: Request) -> str | None:
        presented = request.headers.get(SECRET_HEADER, "")
        if not self._header or not hmac.compare_digest(presented.encode("utf-8", "replace"), self._secret.encode()):
            return None
        value = request.headers.get(self._header, "").strip()
        if self._header == _WITH_PORT:
            value = value.rpartition(":")[0]
        try:
            return str(ipaddress.ip_address(value.strip("[]")))
        except ValueError:
            return None


def address_block(address: str) -> str | None:
    """Return the network of an address for the log, which identifies no household (IPv4 /24, IPv6 /48)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))
