"""Redirect URIs (RFC 6749 §3.1.2, RFC 9700 §2.1, RFC 8252 §7): registered whole, and compared whole (R30)."""

from __future__ import annotations

import re

# ASCII that needs no escape in a URI (RFC 3986 §2), without the characters that would end a header or begin a fragment.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,512}")
_HTTPS = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[^\\]*|\?[^\\]*)?")
# The address itself and not `localhost`: whoever answers for that name would get the code (RFC 8252 §8.3).
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[^\\]*)?")
_LOCALHOST = re.compile(r"http://localhost(:[0-9]{1,5})?(/[^\\]*)?")
# A scheme of an app's own is its domain in reverse order (RFC 8252 §7.1), hence a dot: not `javascript:` or `data:`.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[^/].*")


def check_redirect_uri(uri: str) -> str:
    """Return the URI if a client can be registered with it; raises ValueError that says what is expected."""
    if _URI.fullmatch(uri) is None or "*" in uri:
        raise ValueError("a redirect URI is at most 512 characters of ASCII without spaces, fragment or wildcard")
    if not any(form.fullmatch(uri) for form in (_HTTPS, _LOOPBACK, _LOCALHOST, _PRIVATE_SCHEME)):
        raise ValueError(
            "a redirect URI is https://host/… in lower case, http:// for 127.0.0.1, [::1] or localhost alone, or a "
            "scheme of the app's own with a dot in it, com.example.app:/…"
        )
    return uri


def matches_redirect_uri(registered: str, presented: str) -> bool:
    """Tell whether they are the same; of a loopback address any port will do (RFC 8252 §7.3)."""
    if registered == presented:
        return True
    one, other = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(presented)
    return (
        one is not None
        and other is not None
        and _URI.fullmatch(presented) is not None
        and (one[1], one[3] or "") == (other[1], other[3] or "")
    )
