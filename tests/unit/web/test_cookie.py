"""Cookies belong to this host: scripts and other sites cannot use them (RFC 6265, RFC 6265bis §4.1.3)."""

from __future__ import annotations

import pytest

from keyturn.web.cookie import Cookie
from keyturn.web.request import Request
from tests.fakes.http_api_event import http_api_event


def request_with(*cookies: str) -> Request:
    """Return a request with these cookies."""
    return Request(http_api_event("GET", "/login") | {"cookies": list(cookies)})


def test_a_cookie_with_tls_has_the_host_prefix_and_every_attribute_that_the_prefix_needs() -> None:
    """A neighbour under the same domain cannot plant the cookie."""
    written = Cookie("x", secure=True).write("v")
    assert written == "__Host-x=v; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_a_cookie_of_loopback_has_neither_prefix_nor_secure() -> None:
    """Safari keeps no Secure cookie on http."""
    assert Cookie("x", secure=False).write("v") == "x=v; Path=/; HttpOnly; SameSite=Lax"


def test_a_cookie_with_an_age_outlives_the_browser() -> None:
    """Max-Age is in seconds (RFC 6265 §4.1.2.2)."""
    assert Cookie("x", secure=True, max_age=60).write("v").endswith("; Secure; Max-Age=60")


def test_a_cookie_is_removed_under_the_name_and_attributes_that_it_was_written_with() -> None:
    """A browser drops the cookie at once, whatever age it was given."""
    assert Cookie("x", secure=True, max_age=60).clear() == (
        "__Host-x=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    )


@pytest.mark.parametrize(
    ("cookies", "value"),
    [
        (["__Host-x=v"], "v"),
        (["a=1", " __Host-x=v=w"], "v=w"),
        ([], None),
        (["x=v"], None),
        (["__Host-x=v", "__Host-x=w"], None),
    ],
)
def test_exactly_one_cookie_of_the_name_is_read(cookies: list[str], value: str | None) -> None:
    """One of two cookies with the same name is foreign, and neither is read."""
    assert Cookie("x", secure=True).read(request_with(*cookies)) == value


@pytest.mark.parametrize("space", ["\u2000", "\u3000", "\u0085", "\u00a0", "\v", "\f", "\x1c"])
@pytest.mark.parametrize("place", ["{0}__Host-x=v", "__Host-x{0}=v"])
def test_white_space_hides_no_prefix(space: str, place: str) -> None:
    """A cookie whose prefix the browser did not check may be another host's, and is ignored (RFC 6265bis §4.1.3.2)."""
    planted = place.format(space)
    assert Cookie("x", secure=True).read(request_with(planted)) is None
    assert Cookie("x", secure=True).read(request_with("__Host-x=w", planted)) == "w"
