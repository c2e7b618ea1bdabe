"""Cookies (RFC 6265) for this host alone: scripts cannot read them, and forms of other sites do not send them."""

from __future__ import annotations

from keyturn.web.request import Request

# The names, without their prefix: issuer and login read the same cookies.
BROWSER_COOKIE = "keyturn-browser"
SESSION_COOKIE = "keyturn-session"
DEVICE_COOKIE = "keyturn-device"


class Cookie:
    """One cookie by its name."""

    def __init__(self, name: str, *, secure: bool, max_age: int | None = None) -> None:
        """Take the name, whether the host has TLS, and the seconds to keep it; None ends with the browser.

        A loopback host has no TLS: Safari keeps no `Secure` cookie there.
        """
        # The prefix lets this host alone set the cookie: a neighbour under the same domain cannot plant one.
        self._name = f"__Host-{name}" if secure else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._lifetime = "" if max_age is None else f"; Max-Age={max_age}"

    def read(self, request: Request) -> str | None:
        """Return the value that the browser sent; None without one, and for several, one of which is foreign."""
        pairs = (each.partition("=") for each in request.cookies)
        # Blanks alone: browsers drop them from a name before they look at its prefix. Every other white space, U+2000
        # for instance, hides a `__Host-` from them, and a neighbour under the same domain may plant such a cookie.
        values = [value for name, _, value in pairs if name.strip(" \t") == self._name]
        return values[0] if len(values) == 1 else None

    def write(self, value: str) -> str:
        """Return the Set-Cookie that sets it."""
        return f"{self._name}={value}{self._attributes}{self._lifetime}"

    def clear(self) -> str:
        """Return the Set-Cookie that removes it."""
        return f"{self._name}={self._attributes}; Max-Age=0"
