"""The issuer's cookies (RFC 6265): for its host alone, unreadable to scripts, not sent along by other sites' forms."""

from __future__ import annotations

from token_issuer.request import Request


class Cookie:
    """One cookie by its name, which lives as long as the browser stays open."""

    def __init__(self, name: str, *, secure: bool) -> None:
        """Take the name, and whether the issuer has TLS: on loopback it has none, which not every browser forgives."""
        # With the prefix a browser takes it from this host alone: no neighbour under the same domain can plant one.
        self._name = f"__Host-{name}" if secure else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def read(self, request: Request) -> str | None:
        """Return the value that the browser brought; None without one, and with several, of which one is not ours."""
        pairs = (each.partition("=") for each in request.cookies)
        values = [value for name, _, value in pairs if name.strip() == self._name]
        return values[0] if len(values) == 1 else None

    def write(self, value: str) -> str:
        """Return what sets it (Set-Cookie)."""
        return f"{self._name}={value}{self._attributes}"
