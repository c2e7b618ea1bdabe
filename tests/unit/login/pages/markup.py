"""The structure of a page as a browser reads it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple


class Tag(NamedTuple):
    """A start tag with its attributes."""

    name: str
    attributes: dict[str, str | None]


class Markup(HTMLParser):
    """The tags, the text and the comments of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.text = ""
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag; a name that stands twice counts once, as in a browser."""
        self.tags.append(Tag(tag, dict(reversed(attrs))))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Keep the comment."""
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        """Keep the declaration."""
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        """Keep the processing instruction."""
        self.others.append(data)

    def skeleton(self) -> list[tuple[str, list[str]]]:
        """Return tags and names of attributes, without <wbr>, which depends on an address."""
        return [(tag.name, sorted(tag.attributes)) for tag in self.tags if tag.name != "wbr"]

    def find(self, *names: str) -> list[Tag]:
        """Return the tags of these names."""
        return [tag for tag in self.tags if tag.name in names]
