"""The form of an issuer identifier (RFC 8414 §2); plain http is allowed for the local stack."""

from __future__ import annotations

import re

_HOST_AND_PORT = r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::[1-9][0-9]{0,4})?"
_ISSUER = re.compile(rf"(?P<scheme>https?)://{_HOST_AND_PORT}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})


def check_issuer_url(url: str) -> str:
    """Return the URL if it is an issuer identifier (RFC 8414 §2): https and a lower-case host, without path or slash.

    Plain http is accepted for loopback hosts alone, whose requests cross no network. Raises ValueError.
    """
    match = _ISSUER.fullmatch(url)
    if match is None:
        raise ValueError(
            "an issuer is https://host or https://host:port, in lower case, without a path or trailing slash"
        )
    if match["scheme"] == "http" and match["host"] not in _LOOPBACK:
        raise ValueError("an issuer over plain http must be on localhost or 127.0.0.1")
    return url
