"""The assets of the login."""

from __future__ import annotations

import hashlib

import pytest

from login.assets import ASSET_PATH, STYLESHEET_PATH, find_asset


def test_the_stylesheet_is_named_by_its_content() -> None:
    """The name holds the first 16 hex digits of the SHA-256: a browser may cache the file for ever."""
    name = STYLESHEET_PATH.removeprefix(ASSET_PATH)
    asset = find_asset(name)
    assert asset is not None
    assert asset.is_immutable
    assert asset.content_type == "text/css; charset=utf-8"
    assert name == f"keyturn-{hashlib.sha256(asset.content).hexdigest()[:16]}.css"


def test_the_plain_name_is_kept_for_a_short_time() -> None:
    """The issuer's pages name the stylesheet without a hash, so a browser asks again soon."""
    plain = find_asset("keyturn.css")
    hashed = find_asset(STYLESHEET_PATH.removeprefix(ASSET_PATH))
    assert plain is not None
    assert hashed is not None
    assert plain.content == hashed.content
    assert not plain.is_immutable


@pytest.mark.parametrize("name", ["", "style.css", "../app.py", "..%2fapp.py", "keyturn-0000000000000000.css"])
def test_no_other_name_is_an_asset(name: str) -> None:
    """Only the exact name of an asset returns a file."""
    assert find_asset(name) is None
