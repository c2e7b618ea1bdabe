"""Cookies (RFC 6265) for this host alone, which neither scripts can read nor forms of other sites send."""

from __future__ import annotations

from keyturn.web.request import Request

# Names without their prefix: issuer and login read the same cookies.
BROWSER_COOKIE = "keyturn-browser"
SESSION_COOKIE = "keyturn-session"
DEVICE_COOKIE = "keyturn-device"


class Cookie:
    """One cookie by its name."""

    def __init__(self, name: str, *, secure: bool, max_age: int | None = None) -> None:
        """`secure`: whether the host has TLS; `max_age` in seconds, None until the browser closes.

        A loopback host is without TLS: Safari refuses a `Secure` cookie there.
        """
        # The prefix lets this host alone set the cookie: another host of the same domain cannot set one.
        self._name = f"__Host-{name}" if secure else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._lifetime = "" if max_age is None else f"; Max-Age={max_age}"

    def read(self, request: Request) -> str | None:
        """Return the value that the browser sent; None without one, or for several: another host set one of them."""
        pairs = (each.partition("=") for each in request.cookies)
        # Strip blanks alone: browsers strip them before they check a name's prefix. Other white space, such as U+2000,
        # hides a `__Host-` from browsers. Another host of the same domain may set such a cookie.
        values = [value for name, _, value in pairs if name.strip(" \t") == self._name]
        return values[0] if len(values) == 1 else None

    def write(self, value: str) -> str:
        """Return the Set-Cookie that sets it."""
        return f"{self._name}={value}{self._attributes}{self._lifetime}"

    def clear(self) -> str:
        """Return the Set-Cookie that removes it."""
        return f"{self._name}={self._attributes}; Max-Age=0"
