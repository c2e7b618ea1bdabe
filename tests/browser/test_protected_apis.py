"""A page in Chromium calls APIs that the templates of docs/browsers.md protect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.user_apis import deployed, with_rules
from tests.fakes.browser_templates import browser_rules, browser_templates
from tests.integration.http import get_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.browser.conftest import Browser

READ, WRITE = "reports:read", "reports:write"
# The demo client's scopes stand for those of the page.
SCOPES = {"orders:read": READ, "orders:write": WRITE}
PAGE, OTHER = "app.example", "evil.example"

Seen = dict[str, dict[str, Any] | None]


@pytest.fixture(scope="module")
def urls(browser: Browser, stack: StackFile) -> Iterator[dict[str, str]]:
    """Return the URL of each protected API, which lets the page's origin call it."""
    parameters = {"KeyturnAuthorizerArn": stack.outputs["AuthorizerArn"], "AppOrigin": browser.site(PAGE)}
    templates = browser_templates()
    text = json.dumps(browser_rules())
    for scope, other in SCOPES.items():
        text = text.replace(scope, other)
    begin = f"{stack.emulator['endpoint_url']}/_aws/execute-api"
    with (
        with_rules(stack, json.loads(text)),
        deployed(stack, "browser-rest", templates["rest"], parameters) as rest,
        deployed(stack, "browser-http", templates["http"], parameters) as http,
    ):
        yield {"rest": f"{begin}/{rest}/live/orders", "http": f"{begin}/{http}/orders"}


@pytest.fixture(scope="module")
def seen(browser: Browser, stack: StackFile, urls: dict[str, str]) -> dict[str, Seen]:
    """Return what the page of the application reads of all requests, and that of another origin of the good ones."""
    reader = get_token(stack, scope=READ)
    calls = {
        "read": ("GET", reader),
        "head": ("HEAD", reader),
        "write": ("POST", reader),
        "unknown token": ("GET", "x.y.z"),
        "no token": ("GET", None),
        "another method": ("DELETE", reader),
    }
    requests = [
        {"name": f"{kind}, {name}", "url": url, "method": method, "token": token}
        for kind, url in urls.items()
        for name, (method, token) in calls.items()
    ]
    reads = [each for each in requests if each["name"] in ("rest, read", "http, read")]
    return {
        PAGE: browser.run("callApi", browser.site(PAGE), requests),
        OTHER: browser.run("callApi", browser.site(OTHER), reads),
    }


def statuses(seen: Seen, kind: str) -> dict[str, int | None]:
    """Return the status of each request of one API, None where the page saw a network error."""
    found = {name.partition(", ")[2]: answer for name, answer in seen.items() if name.startswith(kind)}
    return {name: None if answer is None else answer["status"] for name, answer in found.items()}


def test_a_page_calls_a_rest_api_and_reads_its_refusals(seen: dict[str, Seen]) -> None:
    """R57, G6: preflights pass, and the page reads 401 and 403; a method outside of the preflight is not sent."""
    assert statuses(seen[PAGE], "rest") == {
        "read": 200,
        "head": 200,
        "write": 403,
        "unknown token": 401,
        "no token": 401,
        "another method": None,
    }


def test_a_page_calls_an_http_api(seen: dict[str, Seen]) -> None:
    """R57, G6: preflights pass; the emulator's answers of the authorizer lack the headers, so that they are unread."""
    assert statuses(seen[PAGE], "http") == {
        "read": 200,
        "head": 200,
        "write": None,
        "unknown token": None,
        "no token": None,
        "another method": None,
    }


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_a_page_of_another_origin_reads_nothing(seen: dict[str, Seen], kind: str) -> None:
    """R57: a token in the hands of another page gets it no answer."""
    assert statuses(seen[OTHER], kind) == {"read": None}
