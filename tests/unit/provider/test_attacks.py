"""Attacks on the flow from a request to a code, against issuer and login together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.domain.users.authority import Status
from tests.fakes.certification_plan import ADA, EVE
from tests.fakes.issuer_harness import Answer
from tests.fakes.page_browser import PageBrowser, with_query
from tests.fakes.provider_harness import Person, Provider, go_on
from tests.fakes.relying_party import RelyingParty

SIGN_IN = "/login/password"
CONSENT = "/login/consent"
AUTHORIZE = "/oauth2/authorize"


def signed_in(browser: PageBrowser, person: Person) -> None:
    """Sign in without a client, as in another tab."""
    browser.open("/login?again=1")
    browser.submit(email=person.email, password=person.password)
    assert browser.visit.path[-1] == "/account"


def at_consent(browser: PageBrowser, client: RelyingParty, person: Person, **changes: str) -> str:
    """Take the browser to the consent page, and return the interaction's id."""
    browser.open(client.url(client.new_request(**changes)))
    if browser.visit.page.action == SIGN_IN:
        browser.submit(email=person.email, password=person.password)
    assert browser.visit.page.action == CONSENT
    return browser.visit.page.forms[0].fields["interaction"]


def codes(provider: Provider) -> list[str]:
    """Return the subjects of all grants."""
    return [grant.subject for grant in provider.grants.stored.values()]


def test_consent_of_one_user_gives_no_code_of_another(provider: Provider, client: RelyingParty) -> None:
    """Ada's consent page is useless after Eve signed in in another tab: it gives neither a code nor a consent."""
    browser = provider.browser()
    at_consent(browser, client, ADA)
    signed_in(browser.new_tab(), EVE)
    browser.submit(press="allow")
    assert browser.visit.is_page
    assert codes(provider) == []
    assert provider.stores.consents.stored == {}


def test_marks_of_one_user_do_not_carry_over(provider: Provider, client: RelyingParty) -> None:
    """Eve signs in within an interaction that has Ada's marks, and gets her own pages and her own code."""
    browser = provider.browser()
    interaction_id = at_consent(browser, client, ADA)
    fields = browser.visit.page.forms[0].fields | {"decision": "allow"}
    # The mark is written, and the redirect to the issuer is lost.
    tab = PageBrowser(_Stopping(provider), browser.cookies)
    tab.post(CONSENT, fields)
    [waiting] = [each for each in provider.stores.interactions.stored.values() if each.grant_id is None]
    assert waiting.consented is not None
    signed_in(browser.new_tab(), EVE)
    browser.open(with_query(AUTHORIZE, {"interaction": interaction_id}))
    assert browser.visit.is_page
    assert codes(provider) == []
    go_on(browser, EVE)
    assert codes(provider) == [EVE.subject]


class _Stopping:
    """A host that does not follow redirects."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""
        answer = self._provider.send(event)
        return answer._replace(status=204) if answer.status == 303 else answer


@pytest.mark.parametrize("finished", [False, True])
def test_leaked_interaction_gives_another_browser_nothing(
    provider: Provider, client: RelyingParty, finished: bool
) -> None:
    """An attacker who reads an interaction's id in a log gets no code by it, with any session."""
    victim, thief = provider.browser(), provider.browser()
    interaction_id = at_consent(victim, client, ADA)
    if finished:
        victim.submit(press="allow")
    signed_in(thief, EVE)
    before = codes(provider)
    for path in (AUTHORIZE, "/login"):
        thief.open(with_query(path, {"interaction": interaction_id}))
        assert thief.visit.is_page
        assert ADA.email not in thief.visit.page.html
    for path in ("/login/consent", "/login/confirm", "/login/password"):
        thief.post(path, {"interaction": interaction_id, "decision": "allow", "csrf_token": "x"})
        assert thief.visit.is_page
    assert codes(provider) == before


def test_interaction_of_the_attacker_gives_the_victim_no_page(provider: Provider, client: RelyingParty) -> None:
    """An interaction bound to the attacker's browser shows the victim no password page (session fixation)."""
    attacker, victim = provider.browser(), provider.browser()
    attacker.open(client.url(client.new_request()))
    interaction_id = attacker.visit.page.forms[0].fields["interaction"]
    victim.open(with_query("/login", {"interaction": interaction_id}))
    assert (victim.visit.page.status, victim.visit.page.forms) == (403, ())


def test_denied_stays_denied(provider: Provider, client: RelyingParty) -> None:
    """A refused request stays access_denied after the back button, and later marks do not change that."""
    browser = provider.browser()
    interaction_id = at_consent(browser, client, ADA)
    fields = browser.visit.page.forms[0].fields
    browser.submit(press="deny")
    assert "error=access_denied" in browser.visit.url
    browser.post(CONSENT, fields | {"decision": "allow"})
    assert "error=access_denied" in browser.visit.url
    browser.open(with_query("/login", {"interaction": interaction_id, "again": "1"}))
    browser.submit(email=ADA.email, password=ADA.password)
    assert codes(provider) == []


def test_back_button_gives_no_second_code(provider: Provider, client: RelyingParty) -> None:
    """Each post of a finished interaction, sent again, gets a page and no second grant."""
    browser = provider.browser()
    interaction_id = at_consent(browser, client, ADA)
    fields = browser.visit.page.forms[0].fields | {"decision": "allow"}
    browser.submit(press="allow")
    assert codes(provider) == [ADA.subject]
    browser.post(CONSENT, fields)
    assert browser.visit.is_page
    browser.open(with_query(AUTHORIZE, {"interaction": interaction_id}))
    assert browser.visit.is_page
    assert codes(provider) == [ADA.subject]


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "10"}])
def test_new_sign_in_cannot_be_skipped(provider: Provider, client: RelyingParty, changes: dict[str, str]) -> None:
    """A live session or a sign-in in another tab is no mark: the interaction still asks for a new sign-in."""
    browser = provider.browser()
    browser.open(client.url(client.new_request()))
    go_on(browser, ADA)
    provider.clock.seconds += 100
    before = codes(provider)
    browser.open(client.url(client.new_request(**changes)))
    assert browser.visit.page.action == SIGN_IN
    interaction_id = browser.visit.page.forms[0].fields["interaction"]
    browser.open(with_query(AUTHORIZE, {"interaction": interaction_id}))
    assert (browser.visit.is_page, codes(provider)) == (True, before)
    if "prompt" in changes:
        signed_in(browser.new_tab(), ADA)
        browser.open(with_query(AUTHORIZE, {"interaction": interaction_id}))
        assert browser.visit.page.action == SIGN_IN
        assert codes(provider) == before


def test_signing_out_everywhere_satisfies_no_max_age(provider: Provider, client: RelyingParty) -> None:
    """A thief of a recent session cannot renew its sign-in time by ending all other sessions (OIDC Core §3.1.2.1)."""
    browser = provider.browser()
    signed_in(provider.browser(), ADA)
    browser.open(client.url(client.new_request()))
    go_on(browser, ADA)
    provider.clock.seconds += 200
    browser.open("/account")
    [form] = [each for each in browser.visit.page.forms if each.action == "/account/sessions" and "all" in each.buttons]
    browser.post(form.action, form.fields | {form.buttons["all"]: "all"})
    assert "All other sessions are ended." in browser.visit.page.html
    before = codes(provider)
    browser.open(client.url(client.new_request(max_age="60")))
    assert browser.visit.page.action == SIGN_IN
    assert codes(provider) == before


def test_disabled_user_finishes_nothing(provider: Provider, client: RelyingParty) -> None:
    """A user who is disabled at the consent page gets neither a code, a consent nor an account page."""
    browser = provider.browser()
    at_consent(browser, client, ADA)
    authorities = provider.stores.authorities.stored
    authorities[ADA.subject] = replace(authorities[ADA.subject], status=Status.DISABLED, revision=1)
    browser.submit(press="allow")
    assert browser.visit.page.action == SIGN_IN
    browser.submit(email=ADA.email, password=ADA.password)
    assert browser.visit.page.status == 401
    assert codes(provider) == []
    assert provider.stores.consents.stored == {}
