"""Clients that nobody here wrote, whose user is in Chromium: each makes its request and judges the answer by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from authlib.integrations.base_client import BaseApp, FrameworkIntegration, OAuth2Mixin, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session

from tests.browser.walk import Walk, serve_walk
from tests.integration.http import call, statuses
from tests.integration.test_javascript_clients import run
from tests.integration.test_javascript_user_clients import SCOPE, named
from tests.integration.user_stack import REDIRECT_URI, Application, claims_of

if TYPE_CHECKING:
    from tests.browser.sign_in_site import NewBrowser, Site

_PAGES = ["Sign in", "Allow Harbour Photos?"]


def run_script(script: str, name: str, site: Site, application: Application, walk: Walk) -> Any:
    """Return what a script of `tests/integration/javascript` prints about one client, whose user is in Chromium."""
    with serve_walk(walk) as chromium:
        told = run(
            script,
            issuer=site.stack.issuer,
            redirect_uri=REDIRECT_URI,
            scope=SCOPE,
            person={"chromium": chromium},
            clients={name: named(application)},
        )
    return told[name]


@pytest.fixture
def _trusted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Node trust the issuer's certificate."""
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(site.ca))


@pytest.mark.usefixtures("_trusted")
def test_openid_client(site: Site, new_browser: NewBrowser) -> None:
    """openid-client takes ID token and userinfo of the user who consents once, refreshes, and is refused a replay."""
    user, application = site.add_user(), site.add_application()
    walk = Walk(new_browser(), user)
    told = run_script("openid-client-user", "client_secret_basic", site, application, walk)
    assert walk.pages == _PAGES
    claims = told["claims"]
    assert (claims["iss"], claims["aud"], claims["sub"]) == (site.stack.issuer, application.client_id, user.subject)
    assert claims["nonce"] == told["nonce"]
    assert told["userinfo"] == {"sub": user.subject, "email": user.email, "email_verified": True}
    assert told["refreshed_claims"]["auth_time"] == claims["auth_time"]
    assert told["refreshed"]["refresh_token"] != told["token"]["refresh_token"]
    assert (told["refused"]["code_again"], told["refused"]["no_iss"]) == ("invalid_grant", "OAUTH_INVALID_RESPONSE")


@pytest.mark.usefixtures("_trusted")
def test_passport_openidconnect(site: Site, new_browser: NewBrowser) -> None:
    """passport-openidconnect sends a nonce and no challenge, reads ID token and userinfo, and knows an answer once."""
    user, application = site.add_user(), site.add_application(pkce="optional")
    walk = Walk(new_browser(), user)
    told = run_script("passport-user", "client_secret_post", site, application, walk)
    assert walk.pages == _PAGES
    assert "code_challenge" not in told["asked"]
    seen, claims = told["user"], claims_of(told["user"]["idToken"])
    assert (seen["iss"], seen["profile"]["id"]) == (site.stack.issuer, user.subject)
    assert seen["profile"]["emails"] == [{"value": user.email}]
    assert claims["nonce"] == told["asked"]["nonce"]
    assert call(site.stack.apis["http"], seen["accessToken"]).status_code == 200
    assert told["again"]["status"] == 403


class _Tokens(FrameworkIntegration):
    """The place where a framework's integration of Authlib keeps what was refreshed."""

    def __init__(self) -> None:
        super().__init__("keyturn")
        self.renewed: list[dict[str, Any]] = []

    def update_token(self, token: Any, refresh_token: Any = None, access_token: Any = None) -> None:
        """Keep a token."""
        self.renewed.append(token)


class _Session(OAuth2Session):
    """A session that trusts the authority in the file `verify`."""

    def __init__(self, *, verify: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.verify, self.trust_env = verify, False


class _Authlib(OAuth2Mixin, OpenIDMixin, BaseApp):
    """The client of Authlib's framework integrations, without a framework."""

    client_cls = _Session


def test_authlib(site: Site, new_browser: NewBrowser) -> None:
    """Authlib discovers the issuer, verifies ID token, state and nonce, reads userinfo, and refreshes by itself."""
    user, application = site.add_user(), site.add_application()
    walk, kept = Walk(new_browser(), user), _Tokens()
    settings = {"scope": SCOPE, "code_challenge_method": "S256", "verify": str(site.ca), "default_timeout": 40}
    client = _Authlib(
        kept,
        client_id=application.client_id,
        client_secret=application.secret,
        server_metadata_url=site.url("/.well-known/openid-configuration"),
        client_kwargs=settings,
    )
    asked = client.create_authorization_url(REDIRECT_URI)
    back = walk.answer(asked["url"])
    assert walk.pages == _PAGES
    checks = {"state": asked["state"], "code_verifier": asked["code_verifier"]}
    token: Any = client.fetch_access_token(  # type: ignore[no-untyped-call]  # the stubs leave it out
        REDIRECT_URI, authorization_response=back, **checks
    )
    claims = client.parse_id_token(token, asked["nonce"])
    assert claims is not None
    assert (claims["iss"], claims["aud"], claims["sub"]) == (site.stack.issuer, application.client_id, user.subject)
    assert client.userinfo(token=token) == {"sub": user.subject, "email": user.email, "email_verified": True}

    assert client.userinfo(token=dict(token) | {"expires_at": 1})["sub"] == user.subject
    [renewed] = kept.renewed
    assert renewed["refresh_token"] != token["refresh_token"]
    assert set(statuses(site.stack, renewed["access_token"]).values()) == {200}
