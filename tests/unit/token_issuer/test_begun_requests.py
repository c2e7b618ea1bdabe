"""New requests: by POST, which comes without the browser's cookies, and restarts of interactions that are over."""

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


class TestPost:
    """A request by POST comes without the browser's cookies and waits for the following GET."""

    def test_it_is_stored_for_no_browser(self, flow: UserFlow, browser: Browser) -> None:
        """OIDC Core §3.1.2.1: the request is stored; the URL has its id alone, and no cookie is set."""
        answer = browser.post(**authorization_request(state="x" * 4096))
        stored = flow.interaction(interaction_of(answer, AUTHORIZE))
        assert (stored.browser_hash, stored.demands, answer.cookies) == (None, frozenset(), ())
        assert len(answer.headers["location"]) < 100

    def test_the_get_binds_it(self, flow: UserFlow, browser: Browser) -> None:
        """The following GET binds the interaction to its browser and sets its demands; another browser is refused."""
        interaction = interaction_of(browser.post(**authorization_request()), AUTHORIZE)
        assert interaction_of(browser.resume(interaction)) == interaction
        stored = flow.interaction(interaction)
        assert stored.browser_hash == hash_cookie(browser.cookies["__Host-keyturn-browser"])
        assert stored.demands == {Demand.AUTHENTICATE}
        assert offers_to_begin_again(flow.browser.resume(interaction))
        flow.authenticate(interaction, browser)
        assert "code" in answer_of(browser.resume(interaction))

    def test_a_session_gives_the_code_at_once_and_once(self, flow: UserFlow) -> None:
        """A session gives the code at once; the grant uses the interaction up, although no page was shown."""
        interaction = interaction_of(flow.browser.post(**authorization_request()), AUTHORIZE)
        assert "code" in answer_of(flow.browser.resume(interaction))
        assert offers_to_begin_again(flow.browser.resume(interaction))
        assert len(flow.grants.stored) == 1

    @pytest.mark.parametrize("signed_in", [True, False])
    def test_prompt_none_leads_to_no_page(self, flow: UserFlow, browser: Browser, signed_in: bool) -> None:
        """OIDC Core §3.1.2.1: prompt=none gives a code or an error for the client, and an error the second time."""
        if signed_in:
            flow.sign_in(browser)
        interaction = interaction_of(browser.post(**authorization_request(prompt="none")), AUTHORIZE)
        told = answer_of(browser.resume(interaction))
        assert "code" in told if signed_in else told["error"] == "login_required"
        again = answer_of(browser.resume(interaction))
        assert again["error"] == ("interaction_required" if signed_in else "login_required")

    @pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}])
    def test_a_failed_request_is_not_stored(self, flow: UserFlow, browser: Browser, changes: dict[str, str]) -> None:
        """Only a request with a known client and redirect URI is stored: strangers must not cause writes."""
        assert browser.post(**authorization_request(**changes)).status == 400
        assert answer_of(browser.post(**authorization_request(scope="admin")))["error"] == "invalid_scope"
        assert flow.login.interactions.stored == {}


class TestBeginAgain:
    """The page that restarts a request has a new interaction without marks."""

    def form_of(self, answer: Answer) -> dict[str, str]:
        """Return the hidden fields of the page."""
        parts = answer.body.split('<input type="hidden" name="')[1:]
        return {part.partition('"')[0]: part.partition('value="')[2].partition('"')[0] for part in parts}

    def test_the_same_request_begins_again(self, flow: UserFlow, browser: Browser) -> None:
        """The restarted request is the same with a new id and without marks; the old interaction stays used."""
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
        """The new interaction belongs to the browser that restarts it; the foreign interaction does not change."""
        interaction = interaction_of(browser.open(prompt="login"))
        stranger = Browser(flow)
        again = interaction_of(stranger.post(**self.form_of(stranger.resume(interaction))))
        assert flow.interaction(again).browser_hash == hash_cookie(stranger.cookies["__Host-keyturn-browser"])
        assert flow.interaction(interaction).browser_hash != flow.interaction(again).browser_hash

    def test_a_live_session_gets_its_code(self, flow: UserFlow) -> None:
        """A restarted request whose demands are met gets its code at once."""
        interaction = interaction_of(flow.authorize(prompt="consent"))
        flow.consent(interaction)
        answer_of(flow.browser.resume(interaction))
        form = self.form_of(flow.browser.resume(interaction))
        assert interaction_of(flow.browser.post(**form), LOGIN)

    @pytest.mark.parametrize("token", ["", "x", None])
    def test_another_site_cannot_post_it(self, flow: UserFlow, browser: Browser, token: str | None) -> None:
        """R37: a post without this browser's form token shows the page again and stores nothing."""
        interaction = interaction_of(browser.open())
        form = self.form_of(Browser(flow).resume(interaction))
        if token is not None:
            form["csrf_token"] = token
        assert offers_to_begin_again(browser.post(**form))
        assert len(flow.login.interactions.stored) == 1

    def test_a_post_that_does_not_ask_for_it_is_a_page(self, flow: UserFlow, browser: Browser) -> None:
        """A post without the restart field gets a page: an interaction continues by GET only."""
        assert browser.post(interaction=interaction_of(browser.open())).status == 400

    def test_the_page_has_its_own_policy_and_no_script(self, flow: UserFlow, browser: Browser) -> None:
        """R36: the page forbids caching, framing and scripts, and its form may redirect to the client."""
        interaction = interaction_of(browser.open())
        answer = Browser(flow).resume(interaction)
        assert "form-action" not in answer.headers["content-security-policy"]
        assert (answer.headers["cache-control"], "<script" in answer.body) == ("no-store", False)
