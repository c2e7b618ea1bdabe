"""The site of the documentation, which `make docs` builds into the folder KEYTURN_SITE."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SITE = os.environ.get("KEYTURN_SITE")

pytestmark = pytest.mark.skipif(SITE is None, reason="`make docs` builds the site and runs these tests")

# Elements whose address a browser loads with the page.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "link": "href"}
# Links that name a page and load nothing (HTML, link types).
NAMED_ONLY = {"next", "prev", "canonical"}


class _Loads(HTMLParser):
    """The addresses that a page loads, and the texts in place of its pictures."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.alternatives: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "img":
            self.alternatives.append(named.get("alt") or "")
        if tag in LOADED and not NAMED_ONLY & set((named.get("rel") or "").split()):
            self.addresses.append(named.get(LOADED[tag]) or "")


def _pages() -> list[Path]:
    pages = sorted((ROOT / str(SITE)).rglob("*.html"))
    assert pages, "the site has no page"
    return pages


def test_a_page_loads_nothing_from_another_host() -> None:
    """A reader's browser asks no third party for scripts, fonts or pictures."""
    for page in _pages():
        assert [address for address in _Loads(page).addresses if urlsplit(address).netloc] == [], page.name


def test_every_loaded_file_is_in_the_site() -> None:
    """Scripts, styles and pictures of a page exist in the site."""
    for page in _pages():
        for address in _Loads(page).addresses:
            path = urlsplit(address).path
            if path and not address.startswith("data:") and page.name != "404.html":
                assert (page.parent / path).is_file(), f"{page.name}: {address}"


def test_every_page_of_the_documentation_is_in_the_site() -> None:
    """Each Markdown file of docs, and each page of an example, has its page."""
    names = {page.relative_to(ROOT / str(SITE)).with_suffix("").as_posix() for page in _pages()}
    for source in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/0*.md")]:
        if source.name != "0000-template.md":
            assert source.relative_to(ROOT / "docs").with_suffix("").as_posix() in names
    for source in ROOT.glob("examples/*/README.md"):
        assert f"examples/{source.parent.name}" in names
    assert {"index", "security", "contributing", "changelog"} <= names


def test_each_picture_of_the_documentation_is_on_a_page() -> None:
    """A page of the site shows each picture of docs, with a text in its place (WCAG 1.1.1)."""
    shown = {
        (page.parent / urlsplit(address).path).resolve() for page in _pages() for address in _Loads(page).addresses
    }
    site = (ROOT / str(SITE)).resolve()
    pictures = {site / path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.png")}
    pictures = {path for path in pictures if "node_modules" not in path.parts}
    assert pictures
    assert pictures - shown == set()
    assert [page.name for page in _pages() if "" in _Loads(page).alternatives] == []


def test_each_diagram_may_scroll() -> None:
    """A diagram keeps its size on a narrow screen, and a page never scrolls sideways by it."""
    drawn = [page.read_text() for page in _pages() if 'class="mermaid"' in page.read_text()]
    assert drawn
    assert all(text.count('<pre class="mermaid">') == text.count('<div class="diagram"><pre') for text in drawn)


def test_a_message_of_a_diagram_has_no_semicolon() -> None:
    """Mermaid ends a statement at a semicolon, and a page then lacks its diagram."""
    sources = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    drawn = [each for path in sources for each in re.findall(r"```mermaid\n(.*?)```", path.read_text(), re.DOTALL)]
    assert drawn
    assert [line for each in drawn for line in each.splitlines() if ";" in line] == []
