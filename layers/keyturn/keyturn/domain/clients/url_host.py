"""Patterns of hosts and ports in a URL, in the one spelling that browsers send (WHATWG URL §3.5, RFC 1123 §2.1)."""

from __future__ import annotations

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Browsers read a name whose last label is a number as an IPv4 address: 127.1 is 127.0.0.1.
_NAME = rf"(?:{_LABEL}\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\.?(?![a-z0-9.-])){_LABEL}\.?"

# A DNS name of at most 253 characters, or an IPv4 address.
HOST = rf"(?=[a-z0-9.-]{{1,253}}(?![a-z0-9.-]))(?:{_ADDRESS}|{_NAME})"
# 1 to 65535, without leading zeros.
PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
