"""The form of an issuer identifier (RFC 8414 §2); plain http is allowed for the embedded stack."""

from __future__ import annotations

import re

_HOST_AND_PORT = r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[1-9][0-9]{0,4}))?"
_ISSUER = re.compile(rf"(?P<scheme>https?)://{_HOST_AND_PORT}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
# A container of `sam local` reaches its machine under this name: no network lies between.
_MACHINE = _LOOPBACK | {"host.docker.internal"}
_LAST_PORT = 65535


def check_issuer_url(url: str, *, on_emulator: bool = False) -> str:
    """Return the URL if it is an issuer identifier (RFC 8414 §2): https and a lower-case host, without path or slash.

    Plain http is accepted on an emulator alone, and for loopback hosts alone: their requests cross no network. Raises
    ValueError.
    """
    # A variable of the environment that is not set is None.
    match = _ISSUER.fullmatch(url) if isinstance(url, str) else None
    if match is None or int(match["port"] or 1) > _LAST_PORT or _has_broken_label(match["host"]):
        raise ValueError(
            "an issuer is https://host or https://host:port, in lower case, without a path or trailing slash"
        )
    if match["scheme"] == "http" and match["host"] not in _LOOPBACK:
        raise ValueError("an issuer over plain http must be on localhost or 127.0.0.1")
    if match["scheme"] == "http" and not on_emulator:
        raise ValueError("an issuer over plain http is for the embedded stack alone: take https")
    return url


def _has_broken_label(host: str) -> bool:
    """Return whether a label of the name is empty, or begins or ends with a hyphen (RFC 1123 §2.1)."""
    return ".." in host or "-." in host or ".-" in host


def is_on_this_machine(url: str) -> bool:
    """Return whether a service's URL, without a path, is on a loopback host or on the machine of this container."""
    match = _ISSUER.fullmatch(url)
    return match is not None and match["host"] in _MACHINE
