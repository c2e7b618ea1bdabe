"""The buckets that bound guessing (NIST SP 800-63B-4 §3.2.2): an attacker cannot empty a known browser's bucket.

A known browser (OWASP device cookie) has a bucket of its own. Every other browser uses the buckets of its address and
of the account. A bucket's name has hashes only, so that it reveals neither address blocks nor email addresses.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import NamedTuple

# Failures in a row from unknown browsers (NIST SP 800-63B-4 §3.2.2: no more than 100).
MAX_FAILURES = 100
# A /48 is a site of up to 65,536 /64 networks: one network cannot empty the site's bucket.
_SITE_FACTOR = 10


class AttemptLimits(NamedTuple):
    """The number of attempts that one bucket allows in `window` seconds."""

    per_account: int = 10
    per_device: int = 10
    per_address: int = 100
    window: int = 900


class Bucket(NamedTuple):
    """One counter and its limit."""

    name: str
    limit: int


def buckets_of_known_browser(subject: str, device_hash: str, limits: AttemptLimits) -> tuple[Bucket, ...]:
    """Return the bucket of this browser for this user."""
    return (Bucket("device#" + _hash(f"{subject}#{device_hash}"), limits.per_device),)


def buckets_of_unknown_browser(email: str, address: str, limits: AttemptLimits) -> tuple[Bucket, ...]:
    """Return the buckets of the address blocks, the widest last, then the account's; `email` is normalised.

    The account's bucket is named by the typed address, so that an unknown account behaves the same.
    """
    return (*_address_buckets(address, limits.per_address), Bucket("account#" + _hash(email), limits.per_account))


def bucket_of_changes(subject: str, limits: AttemptLimits) -> Bucket:
    """Return the bucket for guesses at the current password, which need a session of the user."""
    return Bucket("change#" + _hash(subject), limits.per_device)


def _address_buckets(address: str, limit: int) -> tuple[Bucket, ...]:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # Requests without an address share one bucket.
        return (Bucket("address#unknown", limit),)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return _block(parsed, 64, limit), _block(parsed, 48, limit * _SITE_FACTOR)
        parsed = parsed.ipv4_mapped
    return (_block(parsed, 32, limit),)


def _block(address: ipaddress.IPv4Address | ipaddress.IPv6Address, prefix: int, limit: int) -> Bucket:
    network = ipaddress.ip_network((int(address), prefix) if address.version == 6 else str(address), strict=False)
    return Bucket("address#" + _hash(str(network)), limit)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]
