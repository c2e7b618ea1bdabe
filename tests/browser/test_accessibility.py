"""The hosted pages in Chromium: WCAG 2.2 AA by axe, layout, the walk by keyboard, no request to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from login.assets import ASSET_PATH, PLAIN_NAME, STYLESHEET_PATH
from tests.browser.page_samples import issuer_samples, page_samples
from tests.browser.page_server import PageServer, serve_pages
from tests.browser.page_views import THEMES, WIDTHS, view_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER_SAMPLES = issuer_samples()
SAMPLES = page_samples() | ISSUER_SAMPLES
Views = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    """Return a server of the sample pages."""
    with serve_pages(SAMPLES) as running:
        yield running


@pytest.fixture(scope="module")
def views(tools: tuple[str, str], server: PageServer) -> Views:
    """Return the four views of each page."""
    found: Views = {name: [] for name in SAMPLES}
    for view in view_pages(tools, server.origin, list(SAMPLES), actions=("layout", "audit", "walk")):
        found[view["page"]].append(view)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_axe_finds_nothing(views: Views, name: str) -> None:
    """A page meets the rules of WCAG 2.2 AA that axe can check, in both themes at both widths."""
    assert len(views[name]) == len(THEMES) * len(WIDTHS)
    for view in views[name]:
        assert view["audit"]["violations"] == [], (view["theme"], view["width"])
        assert view["audit"]["incomplete"] == [], (view["theme"], view["width"])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_never_scrolls_sideways(views: Views, name: str) -> None:
    """A page fits into 320 px, also with the longest names (WCAG 1.4.10)."""
    assert {(view["width"], view["layout"]) for view in views[name]} == {(width, 0) for width in WIDTHS}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_loads_its_stylesheet_alone(views: Views, server: PageServer, name: str) -> None:
    """A page asks its own host alone, and the browser reports no fault of policy or markup."""
    stylesheet = f"{ASSET_PATH}{PLAIN_NAME}" if name in ISSUER_SAMPLES else STYLESHEET_PATH
    expected = [f"{server.origin}/pages/{name}", f"{server.origin}{stylesheet}"]
    for view in views[name]:
        assert [url for url in view["requests"] if url != "data:,"] == expected
        assert view["complaints"] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_tab_reaches_every_control_in_order(views: Views, name: str) -> None:
    """The Tab key reaches each control in the order of the text, with a visible focus (WCAG 2.1.1, 2.4.3, 2.4.7)."""
    for view in views[name]:
        walk = view["walk"]
        assert [step["order"] for step in walk["focused"]] == list(range(len(walk["controls"]))), walk
        assert {step["outline"] for step in walk["focused"]} <= {"solid 3px"}


@pytest.mark.parametrize("name", ["sign-in", "choose-password", "change-password", "account"])
def test_enter_in_a_field_submits_the_form(tools: tuple[str, str], server: PageServer, name: str) -> None:
    """Enter posts the fields together with the hidden values."""
    server.posted.clear()
    view_pages(tools, server.origin, [name], actions=("enter",), themes=("light",), widths=(320,))
    ((_, body),) = server.posted
    assert {"interaction", "csrf_token"} < parse_qs(body).keys()


def test_axe_would_find_something(tools: tuple[str, str]) -> None:
    """A page without language, title and label is reported: the other tests can fail."""
    broken = '<!doctype html><p>x</p><input name="a">'
    with serve_pages({"broken": broken}) as running:
        (view,) = view_pages(tools, running.origin, ["broken"], actions=("audit",), themes=("light",), widths=(320,))
    found = {each.partition(":")[0] for each in view["audit"]["violations"]}
    assert {"document-title", "html-has-lang", "label"} <= found
