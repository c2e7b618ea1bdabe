"""The issuer's HTML pages."""

from __future__ import annotations

from login.assets import ASSET_PATH, find_asset
from token_issuer.error_responses import error_page
from token_issuer.errors import InvalidRequest


def test_a_page_takes_a_stylesheet_that_the_login_serves() -> None:
    """The issuer's pages use a stylesheet that the login serves."""
    _, _, rest = error_page(InvalidRequest("no")).body.partition(f'<link rel="stylesheet" href="{ASSET_PATH}')
    assert find_asset(rest.partition('"')[0]) is not None


def test_a_description_is_shown_as_text() -> None:
    """Markup characters of a description are escaped."""
    body = error_page(InvalidRequest("<b> & more")).body
    assert "<code>&lt;b&gt; &amp; more</code>" in body
