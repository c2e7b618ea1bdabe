"""Two people, two browsers, many tabs, in any order: a code goes to the person who signed in, allowed and confirmed.

Tabs, the back button, double submits, lost cookies and links that somebody else opens are all moves of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from keyturn.domain.grants.grant_credentials import parse_code
from keyturn.domain.interactions.interaction import hash_interaction_id
from tests.fakes.certification_plan import ADA, EVE, REDIRECT_URI, plan_client
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Person, Provider
from tests.fakes.relying_party import AuthenticationRequest, RelyingParty

OWN, THIRD, NATIVE = "own", "third", "native"
REDIRECT_URIS = {OWN: "https://own.example/callback", THIRD: REDIRECT_URI, NATIVE: "http://127.0.0.1:4711/callback"}
CLIENTS = (
    plan_client(OWN, first_party=True, redirect_uris=(REDIRECT_URIS[OWN],)),
    plan_client(THIRD),
    plan_client(
        NATIVE,
        redirect_uris=(REDIRECT_URIS[NATIVE],),
        authentication=frozenset({"none"}),
        secret_hashes=(),
        pkce="required",
    ),
)
_SESSION = "__Host-keyturn-session"
_COOKIES = ("__Host-keyturn-browser", _SESSION)
_WINDOW = st.integers(0, 1)
_PROMPTS = st.sampled_from([None, None, "login", "consent", "none"])
_RARELY = st.sampled_from([False, False, False, True])
_STEPS = st.sampled_from([0, 1, 2, 4, 4])


@dataclass(eq=False)
class Window:
    """One browser with the person who signed in last; `tab` is where it is, `old` the forms that it has sent."""

    tab: PageBrowser
    person: Person | None = None
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass(eq=False)
class Walk:
    """One interaction: the request, the browser that it is bound to, and what was done in it since the last sign-in."""

    request: AuthenticationRequest
    window: Window | None = None
    signed_in: Person | None = None
    allowed: set[Person] = field(default_factory=set)
    confirmed: set[Person] = field(default_factory=set)
    codes: int = 0


class SignInWalks(RuleBasedStateMachine):
    """The moves, and the model of what each code needs."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.provider = Provider(self.patch, *CLIENTS)
        for person in (ADA, EVE):
            self.provider.add_person(person)
        self.parties = {
            client_id: RelyingParty(
                self.provider,
                client_id,
                uri,
                method="none" if client_id == NATIVE else "client_secret_basic",
                pkce=True,
            )
            for client_id, uri in REDIRECT_URIS.items()
        }
        self.windows = [Window(self.provider.browser()) for _ in range(2)]
        self.walks: dict[str, Walk] = {}
        self.requests: dict[str, AuthenticationRequest] = {}
        self.ever_allowed: set[tuple[Person, str]] = set()

    def teardown(self) -> None:
        """Give the functions back."""
        self.patch.undo()

    @rule(
        number=_WINDOW,
        client_id=st.sampled_from(list(REDIRECT_URIS)),
        prompt=_PROMPTS,
        by_post=_RARELY,
        steps=_STEPS,
        hurry=_RARELY,
    )
    def begin(self, number: int, client_id: str, prompt: str | None, *, by_post: bool, steps: int, hurry: bool) -> None:
        """A client sends the browser with a new request, in a new tab; who is in a hurry skips the last pages."""
        party, window = self.parties[client_id], self.windows[number]
        request = party.new_request(prompt=prompt)
        self.requests[request.parameters["state"]] = request
        window.tab = window.tab.new_tab()
        path, _, query = party.url(request).partition("?")
        if by_post:
            window.tab.post_from_elsewhere(path, request.parameters)
        else:
            window.tab.open(f"{path}?{query}")
        self.look(window, request)
        self.go_on(window, steps)
        if hurry and window.tab.visit.is_page and self.walks:
            window.tab.open(f"/oauth2/authorize?interaction={list(self.walks)[-1]}")
            self.look(window, request)

    @rule(number=_WINDOW, person=st.sampled_from([ADA, EVE]), password=st.sampled_from([None, None, "a wrong phrase"]))
    def sign_in(self, number: int, person: Person, password: str | None) -> None:
        """Somebody fills in the page of the sign-in."""
        window = self.windows[number]
        if self.action(window) == "/login/password":
            self.send(window, {"email": person.email, "password": password or person.password})

    @rule(number=_WINDOW, press=st.sampled_from(["allow", "deny"]), steps=_STEPS)
    def decide(self, number: int, press: str, steps: int) -> None:
        """The person answers the question of the page."""
        window = self.windows[number]
        if self.action(window) in ("/login/consent", "/login/confirm"):
            self.send(window, {"decision": press})
            self.go_on(window, steps)

    @precondition(lambda self: self.walks)
    @rule(number=_WINDOW, data=st.data(), path=st.sampled_from(["/login", "/oauth2/authorize"]), steps=_STEPS)
    def open_interaction(self, number: int, data: st.DataObject, path: str, steps: int) -> None:
        """Somebody opens an interaction: the back button, another tab, or a link of the other person."""
        interaction_id = data.draw(st.sampled_from(list(self.walks)))
        window = self.windows[number]
        window.tab = window.tab.new_tab()
        window.tab.open(f"{path}?interaction={interaction_id}")
        self.look(window, self.walks[interaction_id].request)
        self.go_on(window, steps)

    @precondition(lambda self: any(window.sent for window in self.windows))
    @rule(number=_WINDOW, data=st.data(), steps=_STEPS)
    def send_again(self, number: int, data: st.DataObject, steps: int) -> None:
        """A form is sent once more, by the browser that sent it or by the other one."""
        path, fields = data.draw(st.sampled_from([form for window in self.windows for form in window.sent]))
        self.post(self.windows[number], path, fields)
        self.go_on(self.windows[number], steps)

    @rule(
        number=_WINDOW, name=st.sampled_from(_COOKIES), stolen=st.booleans(), seconds=st.sampled_from([0, 1, 400, 1800])
    )
    def disturb(self, number: int, name: str, stolen: bool, seconds: int) -> None:
        """The time passes, and a browser loses a cookie, or gets the session of the other browser."""
        self.provider.clock.pause(seconds)
        window, other = self.windows[number], self.windows[1 - number]
        if not stolen:
            window.tab.cookies.pop(name, None)
            window.person = None if name == _SESSION else window.person
        elif _SESSION in other.tab.cookies:
            window.tab.cookies[_SESSION] = other.tab.cookies[_SESSION]
            window.person = other.person

    def go_on(self, window: Window, steps: int) -> None:
        """Do what the pages ask, as the usual person of the browser."""
        for _ in range(steps):
            action, person = self.action(window), (ADA, EVE)[self.windows.index(window)]
            if action == "/login/password":
                self.send(window, {"email": person.email, "password": person.password})
            elif action in ("/login/consent", "/login/confirm"):
                self.send(window, {"decision": "allow"})
            elif action == "/oauth2/authorize":
                self.send(window, {})  # begin again

    @invariant()
    def each_interaction_gives_one_code(self) -> None:
        """A used interaction gives nothing more."""
        assert all(walk.codes <= 1 for walk in self.walks.values())

    def action(self, window: Window) -> str:
        """Return the action of the page's form, "" without one."""
        visit = window.tab.visit
        return visit.page.action if visit.is_page and len(visit.page.forms) == 1 else ""

    def send(self, window: Window, filled: dict[str, str]) -> None:
        """Send the form of the page."""
        [form] = window.tab.visit.page.forms
        fields = form.fields | filled
        window.sent.append((form.action, fields))
        self.post(window, form.action, fields)

    def post(self, window: Window, path: str, fields: dict[str, str]) -> None:
        """Send a form, and note in the model what the person said by it."""
        session = window.tab.cookies.get(_SESSION)
        walk = self.walks.get(fields.get("interaction", ""))
        window.tab.post(path, fields)
        if path == "/login/password" and window.tab.cookies.get(_SESSION) != session:
            window.person = next(each for each in (ADA, EVE) if each.email == fields["email"])
            assert fields["password"] == window.person.password
            if walk is not None:
                walk.signed_in = window.person
                walk.allowed.clear()
                walk.confirmed.clear()
        elif walk is not None and window.person is not None and fields.get("decision") == "allow":
            self.note_allowed(walk, window.person, path)
        self.look(window, None if walk is None else walk.request)

    def note_allowed(self, walk: Walk, person: Person, path: str) -> None:
        """Note that the person pressed the button."""
        if path == "/login/consent":
            walk.allowed.add(person)
            self.ever_allowed.add((person, walk.request.parameters["client_id"]))
        else:
            walk.confirmed.add(person)

    def look(self, window: Window, request: AuthenticationRequest | None) -> None:
        """Learn the interactions of the way, and check a code that the browser brings to a client."""
        visit = window.tab.visit
        found = [each for target in visit.targets for each in parse_qs(urlsplit(target).query).get("interaction", [])]
        for interaction_id in found:
            walk = self.walks.get(interaction_id)
            if walk is None and request is not None:
                walk = self.walks[interaction_id] = Walk(request)
            if walk is not None and walk.window is None and self.is_bound(interaction_id):
                walk.window = window
        if visit.is_page:
            return
        answer: dict[str, Any] = {name: value for name, [value] in parse_qs(urlsplit(visit.url).query).items()}
        asked = self.requests[answer["state"]]
        assert visit.url.startswith(f"{asked.parameters['redirect_uri']}?")
        if "code" in answer:
            self.check_code(window, answer["code"], asked, found[-1] if found else None)

    def is_bound(self, interaction_id: str) -> bool:
        """Return whether the interaction has a browser: one that a POST began has none until a GET comes."""
        stored = self.provider.stores.interactions.stored.get(hash_interaction_id(interaction_id))
        return stored is not None and stored.browser_hash is not None

    def check_code(self, window: Window, code: str, request: AuthenticationRequest, interaction_id: str | None) -> None:
        """Check that the code is of the person at this browser, who said all that the request asks for."""
        parsed = parse_code(code)
        assert parsed is not None
        grant = self.provider.grants.stored[parsed.gid]
        person, client_id = window.person, request.parameters["client_id"]
        assert person is not None
        assert (grant.subject, grant.client_id) == (person.subject, client_id)
        walk = None if interaction_id is None else self.walks[interaction_id]
        if walk is not None:
            walk.codes += 1
            assert walk.window is window
            assert walk.request is request
        prompt = request.parameters.get("prompt")
        assert client_id == OWN or (person, client_id) in self.ever_allowed
        assert client_id != NATIVE or (walk is not None and person in walk.confirmed)
        assert prompt != "login" or (walk is not None and walk.signed_in is person)
        assert prompt != "consent" or (walk is not None and person in walk.allowed)


TestSignInWalks = SignInWalks.TestCase
TestSignInWalks.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
