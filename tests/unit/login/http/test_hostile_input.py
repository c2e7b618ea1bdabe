"""Hostile strings in every field of every page and form are neither repeated, logged nor written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from keyturn.domain.interactions.interaction import Demand
from keyturn.domain.users.consent import Consent
from tests.fakes.issuer_harness import Answer
from tests.fakes.login_harness import CLIENT_ID, EMAIL, PASSWORD, LoginBrowser, LoginHarness
from tests.fakes.token_factory import AUDIENCE

VECTORS = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[5] / "shared" / "vectors")
BLNS = VECTORS / "blns" / "blns.json"
ALL: list[str] = json.loads(BLNS.read_text("utf-8")) if BLNS.is_file() else []
# Each third string for a field here, each one in `make fuzz`.
STRINGS = ALL if settings.get_current_profile_name() == "long" else ALL[::3]
NEW = "a brand new phrase of many words"
# Shorter strings occur in pages and log lines by chance.
_TELLING = 6

pytestmark = pytest.mark.skipif(not STRINGS, reason="the hostile strings are not here (KEYTURN_VECTORS)")


class Form(NamedTuple):
    """A form: the way to its page, its action, and the fields of a good post."""

    prepare: Callable[[LoginHarness], LoginBrowser]
    action: str
    fields: dict[str, str]


def _browser_with(*demands: Demand) -> Callable[[LoginHarness], LoginBrowser]:
    def prepare(login: LoginHarness) -> LoginBrowser:
        browser = login.signed_in()
        session = login.session_of(browser)
        assert session is not None
        interaction = login.begin(browser, *demands, session_id=session.session_id)
        browser.get("/login", interaction=interaction)
        return browser

    return prepare


def _at(path: str) -> Callable[[LoginHarness], LoginBrowser]:
    def prepare(login: LoginHarness) -> LoginBrowser:
        browser = login.signed_in()
        browser.get(path)
        return browser

    return prepare


def _at_applications(login: LoginHarness) -> LoginBrowser:
    login.stores.consents.stored[login.subject, CLIENT_ID] = Consent(
        subject=login.subject, client_id=CLIENT_ID, scope=frozenset({"openid"}), resource=AUDIENCE, at=login.now - 9
    )
    return _at("/account")(login)


def _at_sign_in(login: LoginHarness) -> LoginBrowser:
    browser = login.browser()
    browser.get("/login", interaction=login.begin(browser))
    return browser


CHANGE = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
FORMS = {
    "sign in": Form(
        _at_sign_in,
        "/login/password",
        {"email": EMAIL, "password": PASSWORD, "interaction": "", "again": "", "then": ""},
    ),
    "consent": Form(_browser_with(Demand.CONSENT), "/login/consent", {"decision": "allow", "interaction": ""}),
    "confirm": Form(_browser_with(Demand.CONFIRM), "/login/confirm", {"decision": "allow", "interaction": ""}),
    "sessions": Form(_at("/account"), "/account/sessions", {"session": "all"}),
    "applications": Form(_at_applications, "/account/applications", {"client_id": CLIENT_ID}),
    "change password": Form(_at("/account/password"), "/account/password", CHANGE),
    "logout": Form(
        _at("/oauth2/logout"),
        "/oauth2/logout",
        {"decision": "stay", "client_id": "", "post_logout_redirect_uri": "", "state": "", "id_token_hint": ""},
    ),
}
QUERIES = {
    "/login": ("interaction", "again", "then", "done"),
    "/login/link": ("link",),
    "/account": ("done",),
    "/oauth2/logout": (
        *("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"),
    ),
}
# Fields whose post may go through whatever they hold: they choose between known words, or are read by nobody.
HARMLESS = {"again", "then", "state", "decision", "interaction", "session"}


def check(answer: Answer, string: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Assert that the answer is no fault, and that neither it nor the log repeats the string."""
    logged = capsys.readouterr().out
    assert answer.status < 500, string
    for header in (*answer.headers.values(), *answer.cookies):
        assert "\n" not in header
        assert "\r" not in header
    if len(string) >= _TELLING:
        assert string not in logged
        assert json.dumps(string)[1:-1] not in logged
        if "<" in string:
            assert string not in answer.body


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, form in FORMS.items() for field in (*form.fields, "csrf_token")]
)
def test_a_hostile_field_of_a_form(
    login: LoginHarness, capsys: pytest.CaptureFixture[str], name: str, field: str
) -> None:
    """Every string of the list in each field of each form is refused, or has only its permitted effect."""
    form = FORMS[name]
    browser = form.prepare(login)
    shown, cookies = dict(browser.forms[form.action]), dict(browser.cookies)
    good = {key: value for key, value in form.fields.items() if value}
    before = login.items()
    for string in STRINGS:
        login.stores.attempts.taken.clear()
        login.stores.attempts.failed.clear()
        browser.cookies = dict(cookies)
        answer = browser.post(form.action, **(shown | good | {field: string}))
        check(answer, string, capsys)
        if field not in HARMLESS:
            assert login.items() == before, string


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, fields in QUERIES.items() for field in fields])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_hostile_field_of_a_query(
    login: LoginHarness, capsys: pytest.CaptureFixture[str], path: str, field: str, *, signed_in: bool
) -> None:
    """Every string of the list in each field of each query shows a page or leads on, and changes nothing."""
    browser = login.signed_in() if signed_in else login.browser()
    before = login.items()
    for string in STRINGS:
        check(browser.get(path, **{field: string}), string, capsys)
    assert login.items() == before


@pytest.mark.parametrize("name", ["__Host-keyturn-browser", "__Host-keyturn-session", "__Host-keyturn-device"])
def test_a_hostile_cookie(login: LoginHarness, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Every string of the list as a cookie is an unknown cookie."""
    for string in STRINGS:
        browser = LoginBrowser(login, {name: string})
        check(browser.get("/account"), string, capsys)
        page = browser.get("/login")
        check(page, string, capsys)
        assert page.status == 200
    assert login.stores.sessions.stored == {}


def test_a_hostile_user_agent(login: LoginHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The User-Agent becomes a label of known words, whatever it says."""
    browser = login.browser()
    for string in ALL[::10]:
        login.stores.attempts.taken.clear()
        browser.agent = string
        browser.get("/login", again="1")
        check(browser.submit("/login/password", email=EMAIL, password=PASSWORD), string, capsys)
        session = login.session_of(browser)
        assert session is not None
        assert session.device in ("", "Firefox on Windows")
