"""Redirect URIs (RFC 6749 §3.1.2, RFC 9700 §2.1, RFC 8252 §7): registered and compared as whole strings."""

from __future__ import annotations

import re
from collections.abc import Set
from urllib.parse import unquote_plus

from keyturn.domain.clients.url_host import HOST, PORT

# ASCII that needs no escape in a URI (RFC 3986 §2), except characters that end a header or begin a fragment.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,512}")
_HTTPS = re.compile(rf"https://{HOST}(:{PORT})?(/[^\\]*|\?[^\\]*)?")
_LOOPBACK = re.compile(rf"http://(127\.0\.0\.1|\[::1\])(:{PORT})?(/[^\\]*)?")
_LOCALHOST = re.compile(rf"http://(localhost)(:{PORT})?(/[^\\]*)?")
# RFC 6761 §6.3: every name under localhost is the user's device.
_LOOPBACK_TLS = re.compile(r"https://(127(\.[0-9]+){3}|([a-z0-9-]+\.)*localhost\.?)([:/?].*)?")
# An app's private scheme is its domain in reverse order (RFC 8252 §7.1), hence has a dot: `javascript:` has none.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[^/].*")
_HOST_RULE = "A port is 1 to 65535, and a host is a DNS name or an IPv4 address"
# Browsers resolve dot segments: they would send the code to another path than the registered one.
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}([/?]|$)", re.IGNORECASE)
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
# The parameters of an authorization response in each of its forms: RFC 6749 §4.1.2 and §4.2.2, RFC 9207, OpenID
# Connect Core §3.2.2.5, Session Management §3, JARM §2.3. A second value in the URI could replace the issuer's.
_RESPONSE_PARAMETERS = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"}
    | {"access_token", "token_type", "expires_in", "id_token", "scope"}
)
_LOGOUT_PARAMETERS = frozenset({"state"})


def check_redirect_uri(uri: str) -> str:
    """Return the URI if a client can be registered with it; raises ValueError that says what is expected."""
    if not _is_uri(uri):
        raise ValueError("a redirect URI is at most 512 characters of ASCII without spaces, fragment or wildcard")
    if not any(form.fullmatch(uri) for form in (_HTTPS, _LOOPBACK, _LOCALHOST, _PRIVATE_SCHEME)):
        raise ValueError(
            "a redirect URI is https://host/… in lower case, http:// for 127.0.0.1, [::1] or localhost, or a private "
            f"scheme: com.example.app:/…. {_HOST_RULE}"
        )
    _check_path_and_query("a redirect URI", uri, _RESPONSE_PARAMETERS)
    return uri


def matches_redirect_uri(registered: str, presented: str, *, any_localhost_port: bool) -> bool:
    """Return whether the two URIs are equal, apart from the port of a loopback address (RFC 8252 §7.3).

    `any_localhost_port` extends the exception to the name localhost (RFC 9700 §2.1).
    """
    if registered == presented:
        return True
    if _URI.fullmatch(presented) is None:
        return False
    for form in (_LOOPBACK, _LOCALHOST) if any_localhost_port else (_LOOPBACK,):
        one, other = form.fullmatch(registered), form.fullmatch(presented)
        if one is not None and other is not None:
            return (one[1], one[3] or "") == (other[1], other[3] or "")
    return False


def is_native(uri: str) -> bool:
    """Return whether an app on the user's device receives the code (RFC 8252 §7): a loopback host, or not https.

    Other apps of the device can listen there too, and receive a code without the user's knowledge (§8.6).
    """
    return not uri.startswith("https:") or _LOOPBACK_TLS.fullmatch(uri) is not None


def check_post_logout_redirect_uri(uri: str) -> str:
    """Return the URI if a browser may be redirected there after a logout; raises ValueError with the rule.

    RP-Initiated Logout 1.0 §3.1: URIs are compared as whole strings, including the port.
    """
    if not _is_uri(uri):
        raise ValueError("a post-logout URI is at most 512 characters of ASCII without spaces, fragment or wildcard")
    if not any(form.fullmatch(uri) for form in (_HTTPS, _LOOPBACK, _LOCALHOST)):
        raise ValueError(
            "a post-logout URI is https://host/… in lower case, or http:// for 127.0.0.1, [::1] or localhost alone. "
            + _HOST_RULE
        )
    _check_path_and_query("a post-logout URI", uri, _LOGOUT_PARAMETERS)
    return uri


def _is_uri(uri: str) -> bool:
    return _URI.fullmatch(uri) is not None and "*" not in uri


def _check_path_and_query(what: str, uri: str, reserved: Set[str]) -> None:
    path, _, query = uri.partition("?")
    if _DOT_SEGMENT.search(path) or _BROKEN_ESCAPE.search(uri):
        raise ValueError(f"{what} is without dot segments (/./ and /../) and without a broken percent escape")
    for pair in query.split("&"):
        name = unquote_plus(pair.partition("=")[0])
        if name in reserved:
            raise ValueError(f"{what} is without the parameter {name} in its query: the issuer adds its own")
