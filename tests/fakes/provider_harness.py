"""The whole OpenID provider on fakes: issuer and login over one set of stores, behind the paths of one host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.domain.time.ages import Instant
from keyturn.domain.users.authority import Authority, Status
from login import app as login_app
from login import composition as login_composition
from login.settings import LoginSettings
from tests.fakes.issuer_harness import ENVIRONMENT as ISSUER_ENVIRONMENT
from tests.fakes.issuer_harness import Answer, StubSigner, StubSuccessorKey
from tests.fakes.login_harness import ENVIRONMENT as LOGIN_ENVIRONMENT
from tests.fakes.memory_assertions import MemoryAssertions
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.memory_grants import MemoryGrants
from tests.fakes.memory_rates import MemoryRates
from tests.fakes.memory_resource_servers import MemoryResourceServers
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.page_browser import PageBrowser
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import signing_key
from token_issuer import app as issuer_app
from token_issuer import composition as issuer_composition
from token_issuer.bootstrap import Issuer
from token_issuer.issuer_ports import Ports as IssuerPorts
from token_issuer.issuer_ports import UserPorts as IssuerUserPorts
from token_issuer.key_ring_cache import KeyRingCache
from token_issuer.resource_server_cache import ResourceServerCache
from token_issuer.settings import IssuerSettings

if TYPE_CHECKING:
    import pytest

    from keyturn.domain.clients.client import Client

# RFC 9106 §3.1: the least memory is 8 KiB for each lane.
CHEAPEST = Argon2Parameters(memory=8)
_LOGIN_PATHS = ("/login", "/account", "/assets")
_LOGOUT = "/oauth2/logout"
_MOST_PAGES = 6


def is_of_login(path: str) -> bool:
    """Return whether the API's routes lead this path to the login; every other path is the issuer's."""
    return path == _LOGOUT or any(path == each or path.startswith(f"{each}/") for each in _LOGIN_PATHS)


class Person(NamedTuple):
    """A person with an email address and its password."""

    subject: str
    email: str
    password: str


class Provider:
    """Issuer and login with shared stores; events of the host are led to one of them by path.

    `wrap` is put around each port of both.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *clients: Client, wrap: Callable[[Any], Any] = lambda port: port
    ) -> None:
        self.key = signing_key("RS256")
        self.rings = StubKeyRingReader(ring_of(self.key))
        self.clients = MemoryClients(*clients)
        self.revocations = MemoryRevocations()
        self.stores = MemoryLogin()
        self.grants = MemoryGrants(interactions=self.stores.interactions)
        self.clock = SteppedClock()
        self.wall = 5000.0
        self._wrap = wrap
        self._connect_issuer(monkeypatch)
        self._connect_login(monkeypatch)

    @property
    def now(self) -> int:
        """The present in whole seconds."""
        return int(self.clock.seconds)

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer of the function that the event's path belongs to."""
        handler = login_app.lambda_handler if is_of_login(event["rawPath"]) else issuer_app.lambda_handler
        answer = handler(event, None)
        return Answer(answer["statusCode"], answer["headers"], answer["body"], tuple(answer["cookies"]))

    def operate(self, action: str, **members: Any) -> dict[str, Any]:
        """Return the login's answer to an operator's event; it is no refusal."""
        answer = login_app.lambda_handler({"keyturn": action, **members}, None)
        assert "error" not in answer, answer
        return answer

    def browser(self) -> PageBrowser:
        """Return a browser without cookies."""
        return PageBrowser(self)

    def add_person(self, person: Person, **profile: Any) -> Person:
        """Add the user as an operator does, and choose the password on the page of a one-time link."""
        self.stores.authorities.create(Authority(subject=person.subject, status=Status.ACTIVE))
        self.operate("add_user", subject=person.subject, email=person.email, **profile)
        link = urlsplit(self.operate("create_link", subject=person.subject)["link"])
        browser = self.browser()
        browser.open(f"{link.path}?{link.query}")
        browser.submit(new_password=person.password, new_password_again=person.password)
        assert browser.visit.page.action == "/login/password", browser.visit
        return person

    def _connect_issuer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = IssuerSettings.from_environment(ISSUER_ENVIRONMENT)
        stores = self.stores
        ports = IssuerPorts(
            ring=KeyRingCache(self.rings, self._instant, max_age=settings.ring_view),
            signer=StubSigner(self.key),
            clients=self.clients,
            resource_servers=ResourceServerCache(MemoryResourceServers(), self._instant),
            revocations=self.revocations,
            revocation_writer=self.revocations,
            grants=self.grants,
            clock=self.clock,
            assertions=MemoryAssertions(lambda: self.clock.seconds),
            rates=MemoryRates(lambda: self.clock.seconds),
            successor_key=StubSuccessorKey(),
        )
        user_ports = IssuerUserPorts(
            users=stores.users,
            authorities=stores.authorities,
            consents=stores.consents,
            sessions=stores.sessions,
            interactions=stores.interactions,
            grants=self.grants,
        )
        wrapped, user_wrapped = IssuerPorts(*map(self._wrap, ports)), IssuerUserPorts(*map(self._wrap, user_ports))
        endpoints = issuer_composition.compose(settings, wrapped, lambda: user_wrapped)
        monkeypatch.setattr(issuer_app, "bootstrap", lambda: Issuer(endpoints, prepare=lambda: None))

    def _connect_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = LoginSettings.from_environment(LOGIN_ENVIRONMENT)._replace(argon2=CHEAPEST)
        stores = self.stores
        ports = stores.ports(clock=self.clock, rings=self.rings, clients=self.clients, revocations=self.revocations)
        login = login_composition.compose(settings, type(ports)(*map(self._wrap, ports)))
        monkeypatch.setattr(login_app, "bootstrap", lambda: login)

    def _instant(self) -> Instant:
        return Instant(self.wall, self.wall, date=None)


def go_on(browser: PageBrowser, person: Person) -> list[str]:
    """Sign the person in, allow and confirm as each page asks, until the browser leaves; return the pages' actions."""
    actions: list[str] = []
    while browser.visit.is_page and len(actions) < _MOST_PAGES:
        action = browser.visit.page.action
        actions.append(action)
        if action == "/login/password":
            browser.submit(email=person.email, password=person.password)
        else:
            browser.submit(press="allow")
    assert not browser.visit.is_page, actions
    return actions
