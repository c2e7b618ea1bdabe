"""Every port away at each call: a page that says to try again, and no write is left half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.interactions.interaction import Demand
from keyturn.domain.users.consent import Consent
from keyturn.user_ports import Pepper
from login.use_cases import Ports
from tests.fakes.interruption import Interruption
from tests.fakes.issuer_harness import Answer
from tests.fakes.login_harness import CLIENT_ID, EMAIL, PASSWORD, LoginBrowser, LoginHarness
from tests.fakes.token_factory import AUDIENCE

NEW = "a brand new phrase of many words"
SESSION = "__Host-keyturn-session"


class Journey(NamedTuple):
    """The way to a page, and the one request from there whose calls fail."""

    prepare: Callable[[LoginHarness], LoginBrowser]
    act: Callable[[LoginBrowser], Answer]


def _begun(*demands: Demand) -> Callable[[LoginHarness], LoginBrowser]:
    def prepare(login: LoginHarness) -> LoginBrowser:
        browser = login.browser()
        browser.get("/login", interaction=login.begin(browser, *demands))
        return browser

    return prepare


def _waiting(*demands: Demand) -> Callable[[LoginHarness], LoginBrowser]:
    def prepare(login: LoginHarness) -> LoginBrowser:
        browser = login.signed_in()
        session = login.session_of(browser)
        assert session is not None
        browser.get("/login", interaction=login.begin(browser, *demands, session_id=session.session_id))
        return browser

    return prepare


def _account(login: LoginHarness) -> LoginBrowser:
    login.stores.consents.stored[login.subject, CLIENT_ID] = Consent(
        subject=login.subject, client_id=CLIENT_ID, scope=frozenset({"openid"}), resource=AUDIENCE, at=login.now - 9
    )
    browser = login.signed_in()
    session = login.session_of(browser)
    assert session is not None
    login.stores.sessions.touch(session, now=login.now - 400, gave_code=True)
    browser.get("/account")
    return browser


def _sid(browser: LoginBrowser) -> str:
    return browser.get("/account").body.partition('name="session" value="')[2].partition('"')[0]


def _two_browsers(login: LoginHarness) -> LoginBrowser:
    other = login.signed_in()
    session = login.session_of(other)
    assert session is not None
    login.stores.sessions.touch(session, now=login.now, gave_code=True)
    browser = _account(login)
    browser.forms["/account/sessions"]["session"] = session.session_id
    return browser


CHANGE = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
JOURNEYS = {
    "sign in": Journey(
        _begun(Demand.AUTHENTICATE), lambda browser: browser.submit("/login/password", email=EMAIL, password=PASSWORD)
    ),
    "wrong password": Journey(
        _begun(Demand.AUTHENTICATE), lambda browser: browser.submit("/login/password", email=EMAIL, password="x")
    ),
    "consent": Journey(
        _waiting(Demand.RECORDED_CONSENT), lambda browser: browser.submit("/login/consent", decision="allow")
    ),
    "deny": Journey(_waiting(Demand.CONSENT), lambda browser: browser.submit("/login/consent", decision="deny")),
    "confirm": Journey(_waiting(Demand.CONFIRM), lambda browser: browser.submit("/login/confirm", decision="allow")),
    "account": Journey(_account, lambda browser: browser.get("/account")),
    "end session": Journey(_two_browsers, lambda browser: browser.submit("/account/sessions")),
    "end sessions": Journey(_account, lambda browser: browser.submit("/account/sessions", session="all")),
    "withdraw": Journey(_account, lambda browser: browser.submit("/account/applications", client_id=CLIENT_ID)),
    "change password": Journey(_account, lambda browser: browser.submit("/account/password", **CHANGE)),
    "logout": Journey(_account, lambda browser: browser.submit("/oauth2/logout")),
}
# The writes of these reach several items in an order that a repetition completes.
MANY_WRITES = {"end session", "end sessions", "withdraw", "change password", "logout"}


def interrupt(ports: Ports, interruption: Interruption) -> Ports:
    """Return the ports with every call interrupted, but for those of the clock."""
    wrapped = (
        port if name == "clock" else interruption.wrap(port) for name, port in zip(ports._fields, ports, strict=True)
    )
    return Ports._make(wrapped)._replace(pepper=_InterruptedPepper(ports.pepper, interruption))


class _InterruptedPepper:
    def __init__(self, pepper: Pepper, interruption: Interruption) -> None:
        self._pepper = pepper
        self._interrupted = interruption.wrap(pepper)

    @property
    def key(self) -> str:
        """The ARN, which is a setting and no call."""
        return self._pepper.key

    def mac(self, key: str, message: bytes) -> bytes:
        """Return the MAC, or fail."""
        answer: bytes = self._interrupted.mac(key, message)
        return answer


def points(monkeypatch: pytest.MonkeyPatch, journey: Journey) -> int:
    """Return how many points of a good request can fail."""
    login = LoginHarness(monkeypatch)
    browser = journey.prepare(login)
    counting = Interruption()
    login.connect(interrupt(login.ports, counting))
    assert journey.act(browser).status in (200, 303, 401)
    return counting.points


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_port_that_is_away_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """At each call, before and after its effect: 503 with a page, no cookie of a session, and a repetition completes.

    A request that writes once has left everything as it was where the fault came first.
    """
    journey = JOURNEYS[name]
    count = points(monkeypatch, journey)
    assert count >= 4
    for point in range(count):
        login = LoginHarness(monkeypatch)
        browser = journey.prepare(login)
        cookies, before = dict(browser.cookies), login.items()
        interruption = Interruption(point, lambda: StoreUnavailable("away"))
        login.connect(interrupt(login.ports, interruption))
        answer = journey.act(browser)
        where = f"{name}: {interruption.where}"
        assert (answer.status, "Wait a minute, then try again." in answer.body) == (503, True), where
        assert answer.headers["retry-after"] == "5", where
        assert browser.cookies == cookies, where
        if interruption.where.startswith("before") and name not in MANY_WRITES:
            changed = {key for key, value in login.items().items() if value != before[key]}
            assert changed <= {"known_browsers", "sessions"}, where
            assert set(login.items()["sessions"]) == set(before["sessions"]), where
        login.connect(login.ports)
        assert browser.get("/login").status in (200, 303), where


def repetitions(monkeypatch: pytest.MonkeyPatch, journey: Journey) -> Iterator[tuple[LoginHarness, LoginBrowser]]:
    """Yield login and browser after a 503 at each point of the request, ready for its repetition."""
    for point in range(points(monkeypatch, journey)):
        login = LoginHarness(monkeypatch)
        browser = journey.prepare(login)
        login.connect(interrupt(login.ports, Interruption(point, lambda: StoreUnavailable("away"))))
        assert journey.act(browser).status == 503
        login.connect(login.ports)
        yield login, browser


@pytest.mark.parametrize("name", ["consent", "deny", "confirm", "end session", "withdraw", "logout"])
def test_a_repetition_after_a_fault_completes_the_request(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Sending the same form again after a 503 ends where the first one would have ended."""
    journey = JOURNEYS[name]
    for login, browser in repetitions(monkeypatch, journey):
        assert journey.act(browser).status in (200, 303)
        stores = login.stores
        if name in ("consent", "deny", "confirm"):
            [interaction] = stores.interactions.stored.values()
            assert interaction.denied or interaction.consented or interaction.confirmed_at
        elif name == "withdraw":
            assert stores.consents.stored == {}
        else:
            assert len(stores.sessions.stored) == (1 if name == "end session" else 0)
            assert login.revocations.writes != []


def test_a_sign_in_can_be_repeated_after_each_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in whose answer was a 503 works the second time, and leaves one usable session for the interaction."""
    journey = JOURNEYS["sign in"]
    for login, browser in repetitions(monkeypatch, journey):
        assert journey.act(browser).status == 303
        session = login.session_of(browser)
        [interaction] = login.stores.interactions.stored.values()
        assert session is not None
        assert interaction.session_id == session.session_id
