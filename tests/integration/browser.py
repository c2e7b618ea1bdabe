"""A browser on the embedded stack: it keeps cookies, follows the issuer's redirects, and posts the pages' forms."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.stack_file import StackFile

_MAX_REDIRECTS = 5


class Form(NamedTuple):
    """A form of a page; `buttons` are the names and values of its submit buttons."""

    action: str
    fields: dict[str, str]
    buttons: list[tuple[str, str]]


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field of it or a button of it."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given["action"], {}, []))
        elif tag == "input" and self.found:
            self.found[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self.found and "name" in given:
            self.found[-1].buttons.append((given["name"], given["value"]))


def forms_of(html: str) -> list[Form]:
    """Return the forms of a page, in their order."""
    return _Forms(html).found


class Browser:
    """One browser; `forms` are those of the page that it shows."""

    def __init__(self, stack: StackFile) -> None:
        self._origin = stack.issuer
        # Connections end with each answer: tests need not close a browser.
        self.client = httpx.Client(
            timeout=40,
            trust_env=False,
            headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"},
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self.forms: list[Form] = []

    def open(self, url: str) -> httpx.Response:
        """Return the page, or the redirect that leaves the issuer's host."""
        return self._follow(self.client.get(urljoin(self._origin, url)))

    def press(self, filled: Mapping[str, str], *, button: int = 0) -> httpx.Response:
        """Fill fields of the page's first form, press a button of it, and return what follows."""
        return self.post(self.forms[0], filled, button=button)

    def post(self, form: Form, filled: Mapping[str, str], *, button: int = 0) -> httpx.Response:
        """Post a form, also of another page, and return the page or the redirect that leaves the issuer's host."""
        sent = form.fields | dict(form.buttons[button : button + 1]) | dict(filled)
        return self._follow(self.client.post(urljoin(self._origin, form.action), data=sent))

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(_MAX_REDIRECTS):
            location = urljoin(str(answer.url), answer.headers.get("location", ""))
            if answer.status_code != httpx.codes.SEE_OTHER or not self._is_here(location):
                break
            answer = self.client.get(location)
        if "text/html" in answer.headers.get("content-type", ""):
            self.forms = forms_of(answer.text)
        return answer

    def _is_here(self, location: str) -> bool:
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.netloc}" == self._origin
