"""The plan RP-initiated logout (oidcc-rp-initiated-logout-certification-test-plan).

Each test stands for the module of its name; its docstring is the sentence that the module holds a provider to.
"""

from __future__ import annotations

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.certification_plan import POST_LOGOUT_REDIRECT_URI, sign_in
from tests.fakes.page_browser import PageBrowser, Visit, local_path, with_query
from tests.fakes.relying_party import RelyingParty, Tokens

_STATE = "af0ifjs&ldkj=1"
_LOGOUT = "/oauth2/logout"


@pytest.fixture
def tokens(client: RelyingParty, browser: PageBrowser) -> Tokens:
    """Return the tokens of the authorization flow before the logout."""
    return sign_in(client, browser)


def test_oidcc_rp_initiated_logout(client: RelyingParty, browser: PageBrowser, tokens: Tokens) -> None:
    """“If included in the logout request, the OP passes this value back to the RP using the state parameter when
    redirecting the User Agent back to the RP.” (OpenID Connect RP-Initiated Logout §2)"""
    visit = log_out(client, browser, id_token_hint=tokens.id_token)
    assert visit.url == with_query(POST_LOGOUT_REDIRECT_URI, {"state": _STATE})
    assert visit.path == (_LOGOUT,)
    assert is_signed_out(client, browser)


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(client: RelyingParty) -> None:
    """“REQUIRED. URL at the OP to which an RP can perform a redirect to request that the End-User be logged out at the
    OP.” (end_session_endpoint, OpenID Connect RP-Initiated Logout §2.1)"""
    assert client.metadata["end_session_endpoint"].startswith("https://")


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(
    client: RelyingParty, browser: PageBrowser, tokens: Tokens
) -> None:
    """“The OP also MUST NOT perform post-logout redirection if the post_logout_redirect_uri value supplied does not
    exactly match one of the previously registered post_logout_redirect_uris values.”
    (OpenID Connect RP-Initiated Logout §3)"""
    elsewhere = "https://elsewhere.example/post_logout_redirect"
    visit = log_out(client, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=elsewhere)
    assert visit.page.status == 400


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    client: RelyingParty, browser: PageBrowser, tokens: Tokens
) -> None:
    """“The OP also MUST NOT perform post-logout redirection if the post_logout_redirect_uri value supplied does not
    exactly match one of the previously registered post_logout_redirect_uris values.”
    (OpenID Connect RP-Initiated Logout §3)"""
    added = f"{POST_LOGOUT_REDIRECT_URI}?foo=bar"
    visit = log_out(client, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=added)
    assert visit.page.status == 400


def test_oidcc_rp_initiated_logout_modified_id_token_hint(
    client: RelyingParty, browser: PageBrowser, tokens: Tokens
) -> None:
    """“the information that failed to validate MUST NOT be used” (OpenID Connect RP-Initiated Logout §4)."""
    _, claims, _ = tokens.id_token.split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    log_out(client, browser, id_token_hint=f"{header}.{claims}.")
    check_question(client, browser)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(
    client: RelyingParty, browser: PageBrowser, tokens: Tokens
) -> None:
    """“When an id_token_hint parameter is present, the OP MUST validate that it was the issuer of the ID Token.”
    (OpenID Connect RP-Initiated Logout §2)"""
    foreign = jwt.encode({"alg": "RS256", "kid": "foreign"}, dict(tokens.claims), RSAKey.generate_key(2048))
    log_out(client, browser, id_token_hint=foreign)
    check_question(client, browser)


def test_oidcc_rp_initiated_logout_no_id_token_hint(client: RelyingParty, browser: PageBrowser, tokens: Tokens) -> None:
    """“if it is not supplied with post_logout_redirect_uri, the OP MUST NOT perform post-logout redirection unless the
    OP has other means of confirming the legitimacy of the post-logout redirection target”
    (OpenID Connect RP-Initiated Logout §3)."""
    log_out(client, browser)
    check_question(client, browser)


def test_oidcc_rp_initiated_logout_no_params(client: RelyingParty, browser: PageBrowser, tokens: Tokens) -> None:
    """“Furthermore, the OP MUST ask the End-User this question if an id_token_hint was not provided”
    (OpenID Connect RP-Initiated Logout §2)."""
    log_out(client, browser, post_logout_redirect_uri=None, state=None)
    check_question(client, browser)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(
    client: RelyingParty, browser: PageBrowser, tokens: Tokens
) -> None:
    """“An RP requests that the OP log out the End-User by redirecting the End-User's User Agent to the OP's Logout
    Endpoint.” (OpenID Connect RP-Initiated Logout §2)"""
    visit = log_out(client, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=None)
    assert (visit.page.status, visit.page.forms) == (200, ())
    assert is_signed_out(client, browser)


def test_oidcc_rp_initiated_logout_no_state(client: RelyingParty, browser: PageBrowser, tokens: Tokens) -> None:
    """“OPTIONAL. Opaque value used by the RP to maintain state between the logout request and the callback to the
    endpoint specified by the post_logout_redirect_uri parameter.” (state, OpenID Connect RP-Initiated Logout §2)"""
    visit = log_out(client, browser, id_token_hint=tokens.id_token, state=None)
    assert visit.url == POST_LOGOUT_REDIRECT_URI
    assert is_signed_out(client, browser)


def test_oidcc_rp_initiated_logout_only_state(client: RelyingParty, browser: PageBrowser, tokens: Tokens) -> None:
    """“If the End-User says "yes", then the OP MUST log out the End-User.”
    (OpenID Connect RP-Initiated Logout §2)"""
    log_out(client, browser, post_logout_redirect_uri=None)
    check_question(client, browser)


def log_out(client: RelyingParty, browser: PageBrowser, **changes: str | None) -> Visit:
    """Send the browser to the logout endpoint with the suite's parameters, with changes; None leaves one out."""
    usual = {"post_logout_redirect_uri": POST_LOGOUT_REDIRECT_URI, "state": _STATE}
    parameters = {name: value for name, value in (usual | changes).items() if value is not None}
    return browser.open(with_query(local_path(client.metadata["end_session_endpoint"]), parameters))


def check_question(client: RelyingParty, browser: PageBrowser) -> None:
    """Check that the page asks and nothing has ended; "yes" ends the session on a page of the provider."""
    assert browser.visit.page.action == _LOGOUT
    assert not is_signed_out(client, browser.new_tab())
    browser.submit(press="sign_out")
    assert (browser.visit.page.status, browser.visit.page.forms) == (200, ())
    assert is_signed_out(client, browser)


def is_signed_out(client: RelyingParty, browser: PageBrowser) -> bool:
    """Return whether prompt=none answers login_required (OpenID Connect Core §3.1.2.6)."""
    request = client.new_request(prompt="none")
    answer = client.read_response(request, browser.open(client.url(request)))
    return answer.get("error") == "login_required"
