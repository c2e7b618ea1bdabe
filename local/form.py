"""The first form of a page, as a browser without JavaScript would fill it."""

from __future__ import annotations

from html.parser import HTMLParser


class PageForm(HTMLParser):
    """Reads `action`, the hidden fields, and the names of the password fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self.passwords: list[str] = []
        self._is_open = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or one of its fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action, self._is_open = given.get("action", ""), True
        elif tag == "input" and self._is_open:
            if given.get("type") == "hidden":
                self.hidden[given["name"]] = given.get("value", "")
            elif given.get("type") == "password":
                self.passwords.append(given["name"])

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        self._is_open = self._is_open and tag != "form"
