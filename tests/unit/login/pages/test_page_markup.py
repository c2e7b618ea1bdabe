"""Rules that hold for every page in every state."""

from __future__ import annotations

import pytest

from login.assets import STYLESHEET_PATH, find_asset
from login.pages.fields import PageLink, PostForm, local_path
from login.pages.problem import Problem, problem
from login.pages.sign_in import sign_in
from login.pages.texts import Text, say
from login.pages.times import show_time
from tests.browser.page_samples import page_samples
from tests.unit.login.pages.markup import Markup

SAMPLES = page_samples()
ELSEWHERE = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "",
    "/\t/evil.example",
]


@pytest.fixture(params=SAMPLES)
def seen(request: pytest.FixtureRequest) -> Markup:
    """Return the structure of each page."""
    return Markup(SAMPLES[request.param])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_small(name: str) -> None:
    """A page stays under 10 KB, with several sessions and the longest names as well."""
    assert len(SAMPLES[name].encode()) < 10_000


def test_the_stylesheet_is_small() -> None:
    """The one asset stays under 10 KB."""
    asset = find_asset(STYLESHEET_PATH.rpartition("/")[2])
    assert asset is not None
    assert len(asset.content) < 10_000


def test_a_page_has_no_script_and_no_inline_style(seen: Markup) -> None:
    """A page needs neither script nor inline style, which its policy refuses, and embeds nothing."""
    assert seen.find("script", "style", "iframe", "object", "embed", "base", "img") == []
    for tag in seen.tags:
        assert not any(name == "style" or name.startswith("on") for name in tag.attributes)


def test_a_page_leads_to_its_own_host_alone(seen: Markup) -> None:
    """Forms are posted to paths, links lead to paths, and the one stylesheet is the login's."""
    assert [tag.attributes["href"] for tag in seen.find("link")] == ["data:,", STYLESHEET_PATH]
    paths = [tag.attributes["action"] for tag in seen.find("form")] + [tag.attributes["href"] for tag in seen.find("a")]
    for path in paths:
        assert path is not None
        assert local_path(path) == path
    assert {tag.attributes["method"] for tag in seen.find("form")} <= {"post"}


def test_a_page_names_its_language_and_its_heading(seen: Markup) -> None:
    """A page has its language, one heading of the first level, one main part and a title."""
    (html,) = seen.find("html")
    assert html.attributes["lang"] == "en"
    assert [len(seen.find(name)) for name in ("h1", "main", "title")] == [1, 1, 1]


def test_every_field_has_its_label_and_description(seen: Markup) -> None:
    """A visible field has a label, a purpose for autofill, and descriptions that exist; ids are unique."""
    ids = [tag.attributes["id"] for tag in seen.tags if "id" in tag.attributes]
    labels = [tag.attributes["for"] for tag in seen.find("label")]
    assert len(ids) == len(set(ids))
    for tag in seen.find("input"):
        if tag.attributes["type"] == "hidden" or "hidden" in tag.attributes:
            continue
        assert tag.attributes["id"] in labels
        assert tag.attributes["autocomplete"] in ("username", "current-password", "new-password")
        assert set((tag.attributes.get("aria-describedby") or "").split()) <= set(ids)


def test_no_page_shows_a_password_again(seen: Markup) -> None:
    """A password field comes back empty."""
    assert all("value" not in tag.attributes for tag in seen.find("input") if tag.attributes["type"] == "password")


def test_a_refused_form_says_so_first() -> None:
    """The title of a refused form begins with the error, and an alert gives the reason."""
    html = sign_in(PostForm("/login/password", {}), failure=say(Text.SIGN_IN_WRONG))
    assert "<title>Error: Sign in" in html
    assert [tag.attributes["role"] for tag in Markup(html).tags if "role" in tag.attributes] == ["alert"]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_form_and_no_link_leaves_the_host(path: str) -> None:
    """A path that a browser takes for another host is refused."""
    with pytest.raises(ValueError, match="own host"):
        sign_in(PostForm(path, {}))
    with pytest.raises(ValueError, match="own host"):
        problem(Problem.USED, link=PageLink(say(Text.BEGIN_AGAIN), path))


def test_times_are_shown_in_utc() -> None:
    """A time is shown to the minute in UTC, and to the second for machines."""
    assert str(show_time(1_795_000_059)) == ('<time datetime="2026-11-18T11:07:39Z">2026-11-18 11:07 UTC</time>')
