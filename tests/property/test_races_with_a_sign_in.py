"""An end of a user's access between any two calls of a sign-in leaves nothing of it that works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.users.authority import Status
from tests.fakes.certification_plan import ADA, REDIRECT_URI, plan_client
from tests.fakes.interleaving import Interleaving
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Provider
from tests.fakes.relying_party import RelyingParty, Tokens

NEW_PASSWORD = "nineteen violet harbours"
_MOST_PAGES = 4


class World:
    """A provider with Ada, the browser that signs in, and another one in which she has just done so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.interleaving = Interleaving()
        self.provider = Provider(monkeypatch, plan_client("plan"), wrap=self.interleaving.wrap)
        self.provider.add_person(ADA)
        self.client = RelyingParty(self.provider, "plan", REDIRECT_URI)
        self.provider.clock.spread = 1.0
        self.browser = self.provider.browser()
        self.other = self.provider.browser()
        self.other.open("/login")
        self.other.submit(email=ADA.email, password=ADA.password)

    def walk(self) -> Tokens | None:
        """Go from the request to the tokens as far as it leads."""
        request = self.client.new_request()
        self.browser.open(self.client.url(request))
        for _ in range(_MOST_PAGES):
            if self.browser.visit.is_page:
                _fill_in(self.browser)
        if self.browser.visit.is_page or "code" not in self.client.read_response(request, self.browser.visit):
            return None
        answer = self.client.post_code(request, self.client.read_code(request, self.browser.visit))
        return self.client.read_tokens(answer, request) if answer.status == 200 else None


def disable(world: World) -> None:
    """Do what `keyturn users disable` does: the status, then the cutoff."""
    _set_status(world, Status.DISABLED)
    revocation = Revocation(
        Target.of(TargetKind.SUBJECT, ADA.subject),
        not_before=world.provider.now,
        expires_at=world.provider.now + 99_999,
    )
    world.provider.revocations.revoke(revocation, reason="disabled", actor="operator")


def erase(world: World) -> None:
    """Do what `keyturn users remove` does: the tombstone, then the login's deletions."""
    _set_status(world, Status.ERASED)
    world.provider.operate("erase", subject=ADA.subject)


def change_password(world: World) -> None:
    """Change the password in the other browser."""
    world.other.open("/account/password")
    world.other.submit(current_password=ADA.password, new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    assert world.other.visit.path[-1] == "/account", world.other.visit


@pytest.mark.parametrize("race", [disable, erase, change_password])
def test_nothing_is_left_of_a_sign_in_that_raced(
    monkeypatch: pytest.MonkeyPatch, race: Callable[[World], None]
) -> None:
    """A user who is disabled, erased or given a new password at any call keeps neither session nor token."""
    at, calls = 0, 1
    while at <= calls:
        world = World(monkeypatch)
        world.interleaving.arm(at, partial(race, world))
        tokens = world.walk()
        calls = world.interleaving.calls
        world.interleaving.run_late()
        check_nothing_works(world, tokens)
        at += 1
    assert calls > 40  # the walk reached its end, at the last


def check_nothing_works(world: World, tokens: Tokens | None) -> None:
    """Check that the browser is signed out, and that the tokens of the walk are dead."""
    request = world.client.new_request(prompt="none")
    visit = world.browser.new_tab().open(world.client.url(request))
    assert world.client.read_response(request, visit)["error"] == "login_required"
    assert world.browser.new_tab().open("/account").page.action == "/login/password"
    if tokens is not None:
        assert world.client.get_userinfo(tokens.access_token).status == 401
        refreshed = world.client.post_token(grant_type="refresh_token", refresh_token=tokens.refresh_token or "")
        assert (refreshed.status, refreshed.json["error"]) == (400, "invalid_grant")


def _set_status(world: World, status: Status) -> None:
    authorities = world.provider.stores.authorities
    erased_at = world.provider.now if status is Status.ERASED else None
    authorities.update(replace(authorities.stored[ADA.subject], status=status, erased_at=erased_at))


def _fill_in(browser: PageBrowser) -> None:
    page = browser.visit.page
    if page.forms and page.action == "/login/password":
        browser.submit(email=ADA.email, password=ADA.password)
    elif page.forms and page.action == "/login/consent":
        browser.submit(press="allow")
