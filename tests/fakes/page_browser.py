"""A browser without JavaScript: cookies (RFC 6265), redirects, and the forms of pages as a person fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.token_factory import ISSUER

if TYPE_CHECKING:
    from tests.fakes.issuer_harness import Answer

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"
_MOST_REDIRECTS = 20


class Host(Protocol):
    """The provider: events in, answers out."""

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""


class PageForm(NamedTuple):
    """One form: its fields with their values, the hidden ones among them, and the values of its buttons."""

    action: str
    fields: dict[str, str]
    buttons: dict[str, str]


class Page(NamedTuple):
    """One HTML page."""

    status: int
    html: str
    forms: tuple[PageForm, ...]
    links: tuple[str, ...]

    @property
    def action(self) -> str:
        """The action of the page's one form, "" where it has none."""
        if not self.forms:
            return ""
        [form] = self.forms
        return form.action


class Visit(NamedTuple):
    """The end of a navigation: a page of the host, or a URL outside of it; `targets` are the host's on the way."""

    url: str
    answer: Answer | None
    targets: tuple[str, ...]

    @property
    def path(self) -> tuple[str, ...]:
        """The host's paths on the way."""
        return tuple(urlsplit(target).path for target in self.targets)

    @property
    def is_page(self) -> bool:
        """Whether the browser is on a page of the host."""
        return self.answer is not None

    @property
    def page(self) -> Page:
        """The page of the host."""
        assert self.answer is not None, f"the browser left for {self.url}"
        assert self.answer.headers["content-type"].startswith("text/html"), self.answer
        reader = _PageReader()
        reader.feed(self.answer.body)
        return Page(self.answer.status, self.answer.body, tuple(reader.forms), tuple(reader.links))


class PageBrowser:
    """One browser; tabs share its cookies. `visit` is where it is."""

    def __init__(self, host: Host, cookies: dict[str, str] | None = None) -> None:
        self._host = host
        self.cookies: dict[str, str] = {} if cookies is None else cookies
        self.visit = Visit("about:blank", None, ())

    def new_tab(self) -> PageBrowser:
        """Return another tab with the same cookie jar."""
        return PageBrowser(self._host, self.cookies)

    def open(self, target: str) -> Visit:
        """Go to a path of the host with its query, as after a link or a redirect of another site."""
        return self._navigate(self._get(target), target)

    def post_from_elsewhere(self, path: str, fields: Mapping[str, str]) -> Visit:
        """Send the form of another site's page: cookies with SameSite=Lax stay at home."""
        return self._navigate(self._keep(self._host.send(form_event(path, fields))), path)

    def submit(self, press: str | None = None, **filled: str) -> Visit:
        """Fill in the page's form and press its button, by its value where there are several."""
        form = self._form(press)
        assert filled.keys() <= form.fields.keys(), (filled.keys(), form)
        return self.post(form.action, form.fields | filled | _pressed(form, press))

    def post(self, path: str, fields: Mapping[str, str]) -> Visit:
        """Send a form of this host's page."""
        return self._navigate(self._send(form_event(path, fields, headers={"user-agent": _FIREFOX})), path)

    def _form(self, press: str | None) -> PageForm:
        forms = [each for each in self.visit.page.forms if press is None or press in each.buttons]
        assert len(forms) == 1, (press, self.visit.page.forms)
        return forms[0]

    def _navigate(self, answer: Answer, target: str) -> Visit:
        """Follow the redirects until a page comes, or a URL of another origin."""
        targets = [target]
        while answer.status in (302, 303):
            assert len(targets) < _MOST_REDIRECTS, targets
            target = answer.headers["location"]
            if not target.startswith("/"):
                self.visit = Visit(target, None, tuple(targets))
                return self.visit
            targets.append(target)
            answer = self._get(target)
        self.visit = Visit(target, answer, tuple(targets))
        return self.visit

    def _get(self, target: str) -> Answer:
        parts = urlsplit(target)
        event = http_api_event("GET", parts.path, query=parts.query, headers={"user-agent": _FIREFOX})
        return self._send(event)

    def _send(self, event: dict[str, Any]) -> Answer:
        cookies = [f"{name}={value}" for name, value in self.cookies.items()]
        return self._keep(self._host.send(event | {"cookies": cookies}))

    def _keep(self, answer: Answer) -> Answer:
        for cookie in answer.cookies:
            pair, *attributes = (part.strip() for part in cookie.split(";"))
            name, _, value = pair.partition("=")
            # RFC 6265bis §4.1.3.2: a browser drops a cookie that breaks the promise of its prefix.
            assert name.startswith("__Host-")
            assert {"Secure", "Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
            self.cookies.pop(name, None)
            if "Max-Age=0" not in attributes:
                self.cookies[name] = value
        return answer


def local_path(url: str) -> str:
    """Return the path and query of a URL of the host."""
    assert url.startswith(f"{ISSUER}/"), url
    return url.removeprefix(ISSUER)


def with_query(path: str, parameters: Mapping[str, str]) -> str:
    """Return the path with the parameters as its query."""
    return f"{path}?{urlencode(parameters)}"


def _pressed(form: PageForm, press: str | None) -> dict[str, str]:
    return {} if press is None else {form.buttons[press]: press}


class _PageReader(HTMLParser):
    """Collects forms and links."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.links: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, or take a field, a button or a link."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert values["method"] == "post"
            self.forms.append(PageForm(values["action"], {}, {}))
            self._inside = True
        elif tag == "a":
            self.links.append(values["href"])
        elif self._inside and tag == "input" and "name" in values:
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif self._inside and tag == "button" and "name" in values:
            self.forms[-1].buttons[values["value"]] = values["name"]

    def handle_endtag(self, tag: str) -> None:
        """End a form."""
        if tag == "form":
            self._inside = False
