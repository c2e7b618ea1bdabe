"""The browser's address: the event's, or a CDN's with its secret."""

from __future__ import annotations

import pytest

from keyturn.web.request import Request
from login.client_address import SECRET_HEADER, ClientAddress, address_block
from tests.fakes.http_api_event import http_api_event

SECRET = "s" * 32


def request(**headers: str) -> Request:
    """Return a request with these headers; its event has the address 192.0.2.1."""
    return Request(
        http_api_event("GET", "/login", headers={name.replace("_", "-"): each for name, each in headers.items()})
    )


def test_the_address_is_the_events() -> None:
    """Without a CDN no header counts, X-Forwarded-For least of all."""
    address = ClientAddress(header="", secret="")
    spoofed = {"x_forwarded_for": "203.0.113.9", "forwarded": "for=203.0.113.9", "true_client_ip": "203.0.113.9"}
    assert address.read(request(**spoofed)) == "192.0.2.1"
    assert address.read(request(**{SECRET_HEADER: ""})) == "192.0.2.1"


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("cloudfront-viewer-address", "203.0.113.9:46532", "203.0.113.9"),
        ("cloudfront-viewer-address", "2001:db8::9:46532", "2001:db8::9"),
        ("true-client-ip", "203.0.113.9", "203.0.113.9"),
        ("true-client-ip", " 2001:db8::9 ", "2001:db8::9"),
        ("true-client-ip", "[2001:db8::9]", "2001:db8::9"),
        ("true-client-ip", "203.0.113.9, 198.51.100.7", "192.0.2.1"),
        ("true-client-ip", "nobody", "192.0.2.1"),
    ],
)
def test_a_cdn_with_the_secret_names_the_browser(header: str, value: str, expected: str) -> None:
    """The header counts with the secret; a value that is no address leaves the event's."""
    address = ClientAddress(header=header, secret=SECRET)
    assert address.read(request(**{SECRET_HEADER: SECRET, header: value})) == expected


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[1:], SECRET + "s", "é"])
def test_without_the_secret_the_header_is_a_strangers(secret: str) -> None:
    """A browser that reaches the issuer directly cannot choose its address."""
    address = ClientAddress(header="true-client-ip", secret=SECRET)
    spoofed = {"true-client-ip": "203.0.113.9"}
    assert address.read(request(**{SECRET_HEADER: secret}, **spoofed)) == "192.0.2.1"
    assert address.read(request(**spoofed)) == "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("", None),
        ("nobody", None),
    ],
)
def test_the_log_has_a_block_alone(address: str, block: str | None) -> None:
    """An address is logged as the network of many households."""
    assert address_block(address) == block
