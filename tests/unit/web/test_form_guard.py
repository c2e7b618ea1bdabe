"""A form is read only from the browser that it was shown to (RFC 6749 §10.12, R37)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from keyturn.web.cookie import BROWSER_COOKIE, SESSION_COOKIE, Cookie
from keyturn.web.errors import BadRequest
from keyturn.web.form import read_form
from keyturn.web.form_guard import TOKEN_FIELD, FormGuard
from keyturn.web.request import Request
from tests.fakes.http_api_event import form_event, http_api_event

SECRET = "a" * 43
GUARD = FormGuard(Cookie(BROWSER_COOKIE, secure=True))


def accepts(token: str | None, *cookies: str) -> bool:
    """Return whether the guard accepts a form with this token from a browser with these cookies."""
    body = b"x=1" if token is None else urlencode({TOKEN_FIELD: token}).encode()
    request = Request(form_event("/login", body) | {"cookies": list(cookies)})
    return GUARD.accepts(request, read_form(request))


def test_the_form_of_this_browser_is_accepted() -> None:
    """The token follows from the secret in the cookie."""
    assert accepts(GUARD.token(SECRET), f"__Host-{BROWSER_COOKIE}={SECRET}")


@pytest.mark.parametrize(
    ("token", "cookies"),
    [
        (GUARD.token(SECRET), []),
        (GUARD.token(SECRET), [f"__Host-{BROWSER_COOKIE}={'b' * 43}"]),
        (GUARD.token(SECRET), [f"{BROWSER_COOKIE}={SECRET}"]),
        (GUARD.token(SECRET), [f"__Host-{SESSION_COOKIE}={SECRET}"]),
        (GUARD.token("short"), [f"__Host-{BROWSER_COOKIE}=short"]),
        (GUARD.token(SECRET)[:-1] + "ä", [f"__Host-{BROWSER_COOKIE}={SECRET}"]),
        (SECRET, [f"__Host-{BROWSER_COOKIE}={SECRET}"]),
        (None, [f"__Host-{BROWSER_COOKIE}={SECRET}"]),
    ],
)
def test_any_other_form_is_refused(token: str | None, cookies: list[str]) -> None:
    """A lost, foreign, planted or malformed cookie, and a missing or wrong token, are refused."""
    assert not accepts(token, *cookies)


def test_two_tokens_are_a_bad_request() -> None:
    """A repeated parameter is never read (R20)."""
    body = f"{TOKEN_FIELD}=a&{TOKEN_FIELD}=b".encode()
    request = Request(form_event("/login", body) | {"cookies": [f"__Host-{BROWSER_COOKIE}={SECRET}"]})
    with pytest.raises(BadRequest):
        GUARD.accepts(request, read_form(request))


def test_a_browser_without_a_secret_gets_one_of_256_bits() -> None:
    """The new secret is in the cookie that goes with it."""
    request = Request(http_api_event("GET", "/login"))
    (secret, cookies), (other, _) = GUARD.ensure_secret(request), GUARD.ensure_secret(request)
    assert len(secret) == 43
    assert secret != other
    assert cookies == (Cookie(BROWSER_COOKIE, secure=True).write(secret),)


def test_a_browser_keeps_the_secret_that_it_has() -> None:
    """A second tab does not make the form of the first one foreign."""
    request = Request(http_api_event("GET", "/login") | {"cookies": [f"__Host-{BROWSER_COOKIE}={SECRET}"]})
    assert GUARD.ensure_secret(request) == (SECRET, ())
