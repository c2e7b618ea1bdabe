"""Every combination of client, prompt and session: each demand is asked once, in one order, and then the code comes."""

from __future__ import annotations

import itertools

import pytest

from keyturn.domain.clients.client import Client
from tests.fakes.certification_plan import ADA, REDIRECT_URI, plan_client, sign_in
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Provider, go_on
from tests.fakes.relying_party import RelyingParty

NATIVE_URI = "http://127.0.0.1:4711/callback"
_SIGN_IN, _CONSENT, _CONFIRM = "/login/password", "/login/consent", "/login/confirm"

_PARTIES = (True, False)
_URIS = (REDIRECT_URI, NATIVE_URI)
_PROMPTS = (None, "login", "consent", "login consent", "select_account")
_AGES = (None, "0", "3600")
_SESSIONS = ("none", "fresh", "consented")


def the_client(*, first_party: bool, redirect_uri: str) -> Client:
    """Return a client; one at a loopback URI is public."""
    public = redirect_uri == NATIVE_URI
    kind = {"authentication": frozenset({"none"}), "secret_hashes": (), "pkce": "required"} if public else {}
    return plan_client("plan", first_party=first_party, redirect_uris=(redirect_uri,), **kind)


@pytest.mark.parametrize(("first_party", "redirect_uri"), list(itertools.product(_PARTIES, _URIS)))
def test_every_request_ends_after_one_round(
    monkeypatch: pytest.MonkeyPatch, first_party: bool, redirect_uri: str
) -> None:
    """Each page that a request demands comes once: third-party, prompt=login and native at a time end too."""
    for prompt, max_age, session in itertools.product(_PROMPTS, _AGES, _SESSIONS):
        provider = Provider(monkeypatch, the_client(first_party=first_party, redirect_uri=redirect_uri))
        provider.add_person(ADA)
        native = redirect_uri == NATIVE_URI
        client = RelyingParty(
            provider, "plan", redirect_uri, method="none" if native else "client_secret_basic", pkce=native
        )
        browser = provider.browser()
        has_consent = prepare(client, browser, session)
        provider.clock.pause(1)
        request = client.new_request(prompt=prompt, max_age=max_age)
        browser.open(client.url(request))
        prompts = set((prompt or "").split())
        signs_in = session == "none" or max_age == "0" or bool(prompts & {"login", "select_account"})
        consents = "consent" in prompts or not (first_party or has_consent)
        expected = [_SIGN_IN] * signs_in + [_CONSENT] * consents + [_CONFIRM] * native
        assert (go_on(browser, ADA) if browser.visit.is_page else []) == expected, (prompt, max_age, session)
        assert client.redeem(request, browser.visit).claims["sub"] == ADA.subject


def prepare(client: RelyingParty, browser: PageBrowser, session: str) -> bool:
    """Sign the browser in as the case says, and return whether the user has allowed the client."""
    if session == "consented":
        sign_in(client, browser)
    elif session == "fresh":
        browser.open("/login")
        browser.submit(email=ADA.email, password=ADA.password)
    return session == "consented"
