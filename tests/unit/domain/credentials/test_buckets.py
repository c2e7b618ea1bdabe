"""The buckets that bound guessing."""

from __future__ import annotations

import pytest

from keyturn.domain.credentials.buckets import (
    MAX_FAILURES,
    AttemptLimits,
    bucket_of_changes,
    buckets_of_known_browser,
    buckets_of_unknown_browser,
)

LIMITS = AttemptLimits(per_account=5, per_device=7, per_address=11, window=60)


def blocks(address: str, email: str = "ada@example.com") -> list[tuple[str, int]]:
    return [(bucket.name, bucket.limit) for bucket in buckets_of_unknown_browser(email, address, LIMITS)]


def test_ipv4_address_is_a_block_of_its_own() -> None:
    """Two IPv4 addresses share no address bucket (login.md, Throttling: /32)."""
    first, second = blocks("192.0.2.7"), blocks("192.0.2.8")
    assert first[0] != second[0]
    assert first[-1] == second[-1]
    assert [limit for _, limit in first] == [11, 5]


def test_ipv6_network_and_site_are_counted_together() -> None:
    """R65: An IPv6 address takes from its /64 and from its /48 (login.md, Throttling)."""
    first, same_network, same_site, other = (
        blocks(address) for address in ("2001:db8:1:2::7", "2001:db8:1:2:ffff::", "2001:db8:1:3::7", "2001:db8:2:2::7")
    )
    assert first == same_network
    assert (first[0] != same_site[0], first[1] == same_site[1]) == (True, True)
    assert not set(first[:2]) & set(other[:2])
    assert [limit for _, limit in first] == [11, 110, 5]


def test_mapped_address_is_its_ipv4_address() -> None:
    """An IPv4-mapped IPv6 address is no second way into a bucket (RFC 4291 §2.5.5.2)."""
    assert blocks("::ffff:192.0.2.7") == blocks("192.0.2.7")


@pytest.mark.parametrize("address", ["", "unknown", "192.0.2.7, 10.0.0.1", "192.0.2.256", "\ud800", "a" * 10_000])
def test_text_that_is_no_address_shares_one_bucket(address: str) -> None:
    """An unreadable address is bounded like one address, not free."""
    assert blocks(address)[0] == blocks("?")[0]


def test_names_show_no_address() -> None:
    """A bucket's name shows neither the IP address nor the email address nor the subject."""
    names = " ".join(
        bucket.name
        for bucket in (
            *buckets_of_unknown_browser("ada@example.com", "192.0.2.7", LIMITS),
            *buckets_of_known_browser("u_ada", "d" * 64, LIMITS),
            bucket_of_changes("u_ada", LIMITS),
        )
    )
    assert not any(text in names for text in ("192", "ada", "dddd"))


def test_known_browser_has_one_bucket_for_each_user() -> None:
    """A known browser takes from nobody else's bucket, and has one for each user (OWASP device cookies)."""
    ((ada, limit),) = buckets_of_known_browser("u_ada", "d", LIMITS)
    ((bob, _),) = buckets_of_known_browser("u_bob", "d", LIMITS)
    ((other, _),) = buckets_of_known_browser("u_ada", "e", LIMITS)
    assert len({ada, bob, other}) == 3
    assert limit == 7


def test_failures_in_a_row_are_a_hundred() -> None:
    """R65: NIST SP 800-63B-4 §3.2.2: at most 100 consecutive failed attempts."""
    assert MAX_FAILURES == 100
