"""The embedded stack by TLS, Chromium, users and clients: all that a walk through the sign-in needs."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from local.form import PageForm
from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.browser.chromium import Chromium, Tab, View
from tests.browser.landing import serve_landing
from tests.browser.tls_proxy import TlsProxy
from tests.fakes.certificates import write_chain
from tests.integration.people import authorities_of, create_link, operate
from tests.integration.user_stack import REDIRECT_URI, Application, register

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack_file import StackFile

CLIENT_HOST = urlsplit(REDIRECT_URI).hostname
SIGNED_OUT_URI = f"https://{CLIENT_HOST}/signed-out"
PASSWORD = "a lantern over nine bridges"
ATTEMPTS = 5

# The browser's clients wait for no clock: cheap hashes, and an account's bucket that a test can empty.
_PARAMETERS = {"Argon2MemoryKib": "7168", "SignInsPerAccount": str(ATTEMPTS), "SignInsPerAddress": "10000"}

NewBrowser = Callable[..., Tab]


class User(NamedTuple):
    """A registered user, who signs in with PASSWORD once there is one; `link` chooses it."""

    subject: str
    email: str
    link: str


class Site(NamedTuple):
    """A stack whose issuer is https; `native` is the origin of a program on the device, `ca` the root of its chain."""

    stack: StackFile
    chromium: Chromium
    native: str
    tls: ssl.SSLContext
    ca: Path

    def url(self, path: str) -> str:
        """Return the URL of a page of the login."""
        return f"{self.stack.issuer}{path}"

    def add_new_user(self) -> User:
        """Return a user who has no password yet, as an operator adds one."""
        subject, email = new_subject(secrets.token_bytes(SUBJECT_BYTES)), f"mara-{secrets.token_hex(4)}@example.com"
        authorities_of(self.stack).create(Authority(subject=subject, status=Status.ACTIVE))
        operate(self.stack, "add_user", subject, email=email, name="Mara Lindqvist")
        return User(subject, email, create_link(self.stack, subject))

    def add_user(self) -> User:
        """Return a user who has chosen PASSWORD."""
        user = self.add_new_user()
        with httpx.Client(verify=self.tls, timeout=60, trust_env=False) as client:
            fields = PageForm(client.get(user.link).text).hidden
            chosen = {"new_password": PASSWORD, "new_password_again": PASSWORD}
            answer = client.post(self.url("/login/link"), data=fields | chosen)
            assert answer.status_code == 303, answer.text
        return user

    def add_application(self, **changes: Any) -> Application:
        """Return a third-party client; `changes` are those of its registration."""
        return register(self.stack, **{"first_party": False, "name": "Harbour Photos"} | changes)


def sign_in(tab: Tab, user: User, password: str = PASSWORD) -> View:
    """Fill the sign-in page and send it."""
    tab.fill({"Email address": user.email, "Password": password})
    return tab.click("Sign in")


def authorize(tab: Tab, application: Application, **changes: str) -> tuple[View, str]:
    """Send the browser to the issuer as a client does; return the page and the PKCE verifier."""
    verifier = secrets.token_urlsafe(32)
    return tab.open(application.authorization_url(verifier, **changes)), verifier


def is_arrived(view: View) -> bool:
    """Return whether the browser is at the client."""
    return view.heading == "The application"


@contextmanager
def serve_site(tools: tuple[str, str], folder: Path) -> Iterator[Site]:
    """Start everything, and stop it when the block ends. `tools` are the paths of Node and Chromium."""
    chain = write_chain(folder, "localhost", int(wall_seconds()))
    with ExitStack() as running:
        proxy = running.enter_context(TlsProxy(chain))
        client_port = running.enter_context(serve_landing(chain))
        native_port = running.enter_context(serve_landing(None))
        parameters = {**_PARAMETERS, "IssuerUrl": proxy.url}
        stack = running.enter_context(EmbeddedStack(folder / "local", ports=ANY_PORTS, parameters=parameters))
        proxy.upstream_port = json.loads((folder / "local" / "ports.json").read_text())["issuer"]
        rules = f"MAP {CLIENT_HOST} 127.0.0.1:{client_port},MAP * ~NOTFOUND,EXCLUDE localhost,EXCLUDE 127.0.0.1"
        chromium = Chromium(*tools, rules)
        running.callback(chromium.stop)
        # The clients of the other tests do not know the certificate: they take the front proxy's own address.
        plain = f"http://localhost:{proxy.upstream_port}"
        stack = replace(stack, token_endpoint=f"{plain}/oauth2/token")
        ca = folder / "ca.pem"
        tls = ssl.create_default_context(cafile=str(ca))
        yield Site(stack, chromium, f"http://127.0.0.1:{native_port}", tls, ca)


@contextmanager
def watched_browsers(site: Site) -> Iterator[NewBrowser]:
    """Give browsers without cookies; at the end none has complained or asked another host."""
    opened: list[Tab] = []

    def new_browser(*, scripts: bool = True) -> Tab:
        opened.append(site.chromium.context(scripts=scripts))
        return opened[-1]

    try:
        yield new_browser
    finally:
        logs = [each.close() for each in opened]
    assert [each for log in logs for each in log["complaints"]] == []
    hosts = {urlsplit(url).hostname for log in logs for url in log["requests"] if not url.startswith("data:")}
    assert hosts <= {"localhost", "127.0.0.1", CLIENT_HOST}
