"""Requests that begin: by POST, without the browser's cookies, and again after an interaction that cannot go on."""

from __future__ import annotations

import pytest

from keyturn.domain.interactions.interaction import Demand
from keyturn.domain.sessions.session import hash_cookie
from tests.fakes.issuer_harness import Answer
from tests.fakes.user_flow import (
    AUTHORIZE,
    LOGIN,
    NATIVE_URI,
    THIRD,
    Browser,
    UserFlow,
    answer_of,
    authorization_request,
    interaction_of,
    offers_to_begin_again,
    third_party_flow,
)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return third_party_flow(monkeypatch)


@pytest.fixture
def browser(flow: UserFlow) -> Browser:
    """Return a browser without cookies."""
    return Browser(flow)


class TestPost:
    """A request by POST comes without the browser's cookies: it waits for the GET that follows."""

    def test_it_is_stored_for_no_browser(self, flow: UserFlow, browser: Browser) -> None:
        """OIDC Core §3.1.2.1: nothing of the request is in the URL, and no cookie is set."""
        answer = browser.post(**authorization_request(state="x" * 4096))
        stored = flow.interaction(interaction_of(answer, AUTHORIZE))
        assert (stored.browser_hash, stored.demands, answer.cookies) == (None, frozenset(), ())
        assert len(answer.headers["location"]) < 100

    def test_the_get_binds_it(self, flow: UserFlow, browser: Browser) -> None:
        """The demands are those of this browser; another one that follows gets none of it."""
        interaction = interaction_of(browser.post(**authorization_request()), AUTHORIZE)
        assert interaction_of(browser.resume(interaction)) == interaction
        stored = flow.interaction(interaction)
        assert stored.browser_hash == hash_cookie(browser.cookies["__Host-keyturn-browser"])
        assert stored.demands == {Demand.AUTHENTICATE}
        assert offers_to_begin_again(flow.browser.resume(interaction))
        flow.authenticate(interaction, browser)
        assert "code" in answer_of(browser.resume(interaction))

    def test_a_session_gives_the_code_at_once_and_once(self, flow: UserFlow) -> None:
        """The interaction is used by the grant, though no page was shown."""
        interaction = interaction_of(flow.browser.post(**authorization_request()), AUTHORIZE)
        assert "code" in answer_of(flow.browser.resume(interaction))
        assert offers_to_begin_again(flow.browser.resume(interaction))
        assert len(flow.grants.stored) == 1

    @pytest.mark.parametrize("signed_in", [True, False])
    def test_prompt_none_leads_to_no_page(self, flow: UserFlow, browser: Browser, signed_in: bool) -> None:
        """OIDC Core §3.1.2.1: a code, or an error for the client; a second time an error, and no page."""
        if signed_in:
            flow.sign_in(browser)
        interaction = interaction_of(browser.post(**authorization_request(prompt="none")), AUTHORIZE)
        told = answer_of(browser.resume(interaction))
        assert "code" in told if signed_in else told["error"] == "login_required"
        again = answer_of(browser.resume(interaction))
        assert again["error"] == ("interaction_required" if signed_in else "login_required")

    @pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}])
    def test_a_failed_request_is_not_stored(self, flow: UserFlow, browser: Browser, changes: dict[str, str]) -> None:
        """Strangers write nothing: client and redirect URI come first."""
        assert browser.post(**authorization_request(**changes)).status == 400
        assert answer_of(browser.post(**authorization_request(scope="admin")))["error"] == "invalid_scope"
        assert flow.login.interactions.stored == {}


class TestBeginAgain:
    """The page that offers the same request again, with a new interaction and no marks."""

    def form_of(self, answer: Answer) -> dict[str, str]:
        """Return the hidden fields of the page."""
        parts = answer.body.split('<input type="hidden" name="')[1:]
        return {part.partition('"')[0]: part.partition('value="')[2].partition('"')[0] for part in parts}

    def test_the_same_request_begins_again(self, flow: UserFlow, browser: Browser) -> None:
        """A new id, the same request, no marks; the old one stays used."""
        interaction = interaction_of(browser.open(**THIRD, prompt="login"))
        flow.authenticate(interaction, browser)
        flow.consent(interaction)
        flow.confirm(interaction)
        assert "code" in answer_of(browser.resume(interaction), NATIVE_URI)
        form = self.form_of(browser.resume(interaction))
        again = interaction_of(browser.post(**form))
        assert again != interaction
        old, new = flow.interaction(interaction), flow.interaction(again)
        assert (new.request, new.scope, new.demands) == (old.request, old.scope, old.demands)
        assert (new.authenticated_at, new.consented, new.confirmed_at, new.grant_id) == (None,) * 4

    def test_it_begins_in_the_browser_that_asks(self, flow: UserFlow, browser: Browser) -> None:
        """A foreign interaction stays what it was; the new one is this browser's."""
        interaction = interaction_of(browser.open(prompt="login"))
        stranger = Browser(flow)
        again = interaction_of(stranger.post(**self.form_of(stranger.resume(interaction))))
        assert flow.interaction(again).browser_hash == hash_cookie(stranger.cookies["__Host-keyturn-browser"])
        assert flow.interaction(interaction).browser_hash != flow.interaction(again).browser_hash

    def test_a_live_session_gets_its_code(self, flow: UserFlow) -> None:
        """Where nothing is left to ask, the code comes at once."""
        interaction = interaction_of(flow.authorize(prompt="consent"))
        flow.consent(interaction)
        answer_of(flow.browser.resume(interaction))
        form = self.form_of(flow.browser.resume(interaction))
        assert interaction_of(flow.browser.post(**form), LOGIN)

    @pytest.mark.parametrize("token", ["", "x", None])
    def test_another_site_cannot_post_it(self, flow: UserFlow, browser: Browser, token: str | None) -> None:
        """R37: without this browser's token the page is shown again, and nothing is stored."""
        interaction = interaction_of(browser.open())
        form = self.form_of(Browser(flow).resume(interaction))
        if token is not None:
            form["csrf_token"] = token
        assert offers_to_begin_again(browser.post(**form))
        assert len(flow.login.interactions.stored) == 1

    def test_a_post_that_does_not_ask_for_it_is_a_page(self, flow: UserFlow, browser: Browser) -> None:
        """An interaction goes on by GET alone."""
        assert browser.post(interaction=interaction_of(browser.open())).status == 400

    def test_the_page_has_its_own_policy_and_no_script(self, flow: UserFlow, browser: Browser) -> None:
        """R36: it is not stored, not framed, and may be followed by the redirect to the client."""
        interaction = interaction_of(browser.open())
        answer = Browser(flow).resume(interaction)
        assert "form-action" not in answer.headers["content-security-policy"]
        assert (answer.headers["cache-control"], "<script" in answer.body) == ("no-store", False)
