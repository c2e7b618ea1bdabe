"""Which strings are issuer identifiers (RFC 8414 §2)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.issuer_url import check_issuer_url

ISSUER = "an issuer is https://host or https://host:port, in lower case, without a path or trailing slash"


@pytest.mark.parametrize(
    "url",
    [
        "https://issuer.example.com",
        "https://issuer.example.com:65535",
        "https://a--b.example",
        "http://localhost:8480",
        "http://127.0.0.1",
    ],
)
def test_an_issuer_is_taken_as_it_is(url: str) -> None:
    """A well-formed issuer comes back byte-exact (R51)."""
    assert check_issuer_url(url, on_emulator=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https://issuer.example.com/",
        "https://issuer.example.com/path",
        "https://issuer.example.com?x=1",
        "https://issuer.example.com#x",
        "https://user@issuer.example.com",
        "https://Issuer.example.com",
        "https://issuer.example.com\n",
        " https://issuer.example.com",
        "https://issuer.example.com:0",
        "https://issuer.example.com:65536",
        "https://issuer.example.com:08443",
        "https://issuer..example.com",
        "https://issuer-.example.com",
        "https://issuer.-example.com",
        "ftp://issuer.example.com",
        "issuer.example.com",
        None,
    ],
)
def test_what_is_no_issuer_is_refused(url: Any) -> None:
    """R12: an issuer has one spelling, and a host and a port that exist; a missing variable is none."""
    with pytest.raises(ValueError, match=rf"^{ISSUER}$"):
        check_issuer_url(url)


@pytest.mark.parametrize("url", ["http://localhost:8480", "http://127.0.0.1"])
def test_plain_http_is_for_an_emulator_alone(url: str) -> None:
    """An issuer over plain http is refused unless the caller says that it is on an emulator."""
    with pytest.raises(ValueError, match=r"^an issuer over plain http is for the embedded stack alone: take https$"):
        check_issuer_url(url)


@pytest.mark.parametrize("url", ["http://issuer.example.com", "http://localhost.example.com", "http://10.0.0.1:80"])
def test_plain_http_is_for_loopback_alone(url: str) -> None:
    """An issuer over plain http is refused wherever a network lies between."""
    with pytest.raises(ValueError, match=r"^an issuer over plain http must be on localhost or 127\.0\.0\.1$"):
        check_issuer_url(url)
