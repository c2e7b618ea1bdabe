"""The plan Basic OP (oidcc-basic-certification-test-plan): responses, ID tokens, userinfo, scopes, codes.

Each test stands for the module of its name. Its docstring is the sentence that the module holds a provider to; a
second paragraph says where the suite does not simply pass it. The other modules: test_basic_op_requests.py.
"""

from __future__ import annotations

import pytest
from authlib.oidc.core import UserInfo
from joserfc import jws

from tests.fakes.certification_plan import ADA, REDIRECT_URI, SECOND_REDIRECT_URI, sign_in
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.issuer_harness import Answer
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Provider, go_on
from tests.fakes.relying_party import AuthenticationRequest, RelyingParty, check_userinfo


def test_oidcc_server(client: RelyingParty, browser: PageBrowser) -> None:
    """“In addition to the response parameters specified by OAuth 2.0, the following parameters MUST be included in the
    response: id_token” (OpenID Connect Core §3.1.3.3)."""
    request = client.new_request()
    browser.open(client.url(request))
    assert go_on(browser, ADA) == ["/login/password", "/login/consent"]
    tokens = client.redeem(request, browser.visit)
    assert tokens.claims["sub"] == ADA.subject
    assert tokens.claims["nonce"] == request.parameters["nonce"]


def test_oidcc_response_type_missing(client: RelyingParty, browser: PageBrowser) -> None:
    """“The Authorization Server MUST verify that all the REQUIRED parameters are present and their usage conforms to
    this specification.” (OpenID Connect Core §3.1.2.2)"""
    request = client.new_request(response_type=None)
    visit = browser.open(client.url(request))
    assert client.read_response(request, visit)["error"] == "invalid_request"


def test_oidcc_idtoken_signature(client: RelyingParty, browser: PageBrowser) -> None:
    """“OPs MUST support signing ID Tokens with the RSA SHA-256 algorithm (an alg value of RS256)”
    (OpenID Connect Core §15.1)."""
    tokens = sign_in(client, browser)
    header = jws.extract_compact(tokens.id_token.encode()).headers()
    assert header["alg"] == "RS256"
    assert header["kid"]
    assert "RS256" in client.metadata["id_token_signing_alg_values_supported"]


def test_oidcc_idtoken_unsigned(client: RelyingParty, browser: PageBrowser) -> None:
    """“ID Tokens MUST NOT use none as the alg value unless […] the Client explicitly requested the use of none at
    Registration time.” (OpenID Connect Core §2)

    The suite skips it: clients cannot register for `none`, and the metadata omits it.
    """
    assert "none" not in client.metadata["id_token_signing_alg_values_supported"]
    header = jws.extract_compact(sign_in(client, browser).id_token.encode()).headers()
    assert header["alg"] != "none"


def test_oidcc_userinfo_get(client: RelyingParty, browser: PageBrowser) -> None:
    """“The UserInfo Endpoint MUST support the use of the HTTP GET and HTTP POST methods” (OpenID Connect Core §5.3)."""
    tokens = sign_in(client, browser)
    assert client.userinfo(tokens) == {"sub": ADA.subject}


def test_oidcc_userinfo_post_header(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“The UserInfo Endpoint MUST accept Access Tokens as OAuth 2.0 Bearer Token Usage”
    (OpenID Connect Core §5.3)."""
    tokens = sign_in(client, browser)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    answer = provider.send(http_api_event("POST", client.userinfo_path, headers=headers))
    assert check_userinfo(answer, tokens) == {"sub": ADA.subject}


def test_oidcc_userinfo_post_body(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“When sending the access token in the HTTP request entity-body, the client adds the access token to the
    request-body using the "access_token" parameter.” (RFC 6750 §2.2)

    The suite would warn of a server that refuses this method.
    """
    tokens = sign_in(client, browser)
    answer = provider.send(form_event(client.userinfo_path, {"access_token": tokens.access_token}))
    assert check_userinfo(answer, tokens) == {"sub": ADA.subject}


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(client: RelyingParty, browser: PageBrowser) -> None:
    """“OPTIONAL. String value used to associate a Client session with an ID Token, and to mitigate replay attacks.”
    (nonce, OpenID Connect Core §3.1.2.1)"""
    assert "nonce" not in sign_in(client, browser, nonce=None).claims


def test_oidcc_scope_profile(client: RelyingParty, browser: PageBrowser) -> None:
    """“This scope value requests access to the End-User's default profile Claims” (OpenID Connect Core §5.4)."""
    check_scope(client, browser, "openid profile")


def test_oidcc_scope_email(client: RelyingParty, browser: PageBrowser) -> None:
    """“This scope value requests access to the email and email_verified Claims.” (OpenID Connect Core §5.4)"""
    check_scope(client, browser, "openid email")


def test_oidcc_scope_address(client: RelyingParty, browser: PageBrowser) -> None:
    """“This scope value requests access to the address Claim.” (OpenID Connect Core §5.4)"""
    check_scope(client, browser, "openid address")


def test_oidcc_scope_phone(client: RelyingParty, browser: PageBrowser) -> None:
    """“This scope value requests access to the phone_number and phone_number_verified Claims.”
    (OpenID Connect Core §5.4)"""
    check_scope(client, browser, "openid phone")


def test_oidcc_scope_all(client: RelyingParty, browser: PageBrowser) -> None:
    """“Multiple scope values MAY be used by creating a space-delimited, case-sensitive list of ASCII scope values.”
    (OpenID Connect Core §5.4)"""
    check_scope(client, browser, "openid profile email address phone")


def test_oidcc_alternate_happy_flow(client: RelyingParty, browser: PageBrowser) -> None:
    """“If the value contains multiple space-delimited strings, their order does not matter” (RFC 6749 §3.3)."""
    usual = client.new_request(scope="email openid")
    request = AuthenticationRequest(dict(reversed(usual.parameters.items())))
    browser.open(client.url(request))
    go_on(browser, ADA)
    claims = client.userinfo(client.redeem(request, browser.visit))
    assert claims.keys() == {"sub", "email", "email_verified"}


def test_oidcc_codereuse(client: RelyingParty, browser: PageBrowser) -> None:
    """“If an authorization code is used more than once, the authorization server MUST deny the request”
    (RFC 6749 §4.1.2)."""
    request = client.new_request()
    browser.open(client.url(request))
    go_on(browser, ADA)
    client.redeem(request, browser.visit)
    check_invalid_grant(client.post_code(request, client.read_code(request, browser.visit)))


def test_oidcc_codereuse_30seconds(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“the authorization server MUST deny the request and SHOULD revoke (when possible) all tokens previously issued
    based on that authorization code” (RFC 6749 §4.1.2)."""
    request = client.new_request()
    browser.open(client.url(request))
    go_on(browser, ADA)
    tokens = client.redeem(request, browser.visit)
    provider.clock.pause(30)
    assert client.get_userinfo(tokens.access_token).status == 200
    check_invalid_grant(client.post_code(request, client.read_code(request, browser.visit)))
    assert client.get_userinfo(tokens.access_token).status == 401


@pytest.mark.parametrize("redirect_uri", [f"{REDIRECT_URI}x", f"{REDIRECT_URI}?x=y", REDIRECT_URI[:-1]])
def test_oidcc_ensure_registered_redirect_uri(client: RelyingParty, browser: PageBrowser, redirect_uri: str) -> None:
    """“This URI MUST exactly match one of the Redirection URI values for the Client pre-registered at the OpenID
    Provider” (OpenID Connect Core §3.1.2.1)."""
    visit = browser.open(client.url(client.new_request(redirect_uri=redirect_uri)))
    assert (visit.page.status, visit.page.action) == (400, "")


def test_oidcc_ensure_post_request_succeeds(client: RelyingParty, browser: PageBrowser) -> None:
    """“Authorization Servers MUST support the use of the HTTP GET and POST methods […] at the Authorization Endpoint.”
    (OpenID Connect Core §3.1.2.1)"""
    request = client.new_request()
    path, _, _ = client.url(request).partition("?")
    browser.post_from_elsewhere(path, request.parameters)
    assert go_on(browser, ADA) == ["/login/password", "/login/consent"]
    assert client.redeem(request, browser.visit).claims["sub"] == ADA.subject


def test_oidcc_server_client_secret_post(provider: Provider, browser: PageBrowser) -> None:
    """“Clients that have received a client_secret value from the Authorization Server, authenticate with the
    Authorization Server […] by including the Client Credentials in the request body.” (OpenID Connect Core §9)"""
    client = RelyingParty(provider, "plan", REDIRECT_URI, method="client_secret_post")
    assert sign_in(client, browser).claims["sub"] == ADA.subject


def test_oidcc_refresh_token(client: RelyingParty, provider: Provider, browser: PageBrowser) -> None:
    """“The authorization server MUST […] ensure that the refresh token was issued to the authenticated client”
    (RFC 6749 §6)."""
    first = sign_in(client, browser, scope="openid offline_access", prompt="consent")
    assert first.refresh_token is not None
    provider.clock.pause(1)
    answer = client.post_token(grant_type="refresh_token", refresh_token=first.refresh_token)
    second = client.read_tokens(answer, None)
    # OpenID Connect Core §12.2
    assert second.claims["iat"] == first.claims["iat"] + 1
    assert "nonce" not in second.claims
    assert all(second.claims[name] == first.claims[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert client.userinfo(second)["sub"] == ADA.subject
    assert second.refresh_token is not None
    other = RelyingParty(provider, "second", SECOND_REDIRECT_URI)
    check_invalid_grant(other.post_token(grant_type="refresh_token", refresh_token=second.refresh_token))


def check_scope(client: RelyingParty, browser: PageBrowser, scope: str) -> None:
    """Check that userinfo has the claims that Authlib knows for the scope, and the ID token none of them."""
    tokens = sign_in(client, browser, scope=scope)
    names = {name for each in scope.split() for name in UserInfo.SCOPES_CLAIMS_MAPPING[each]}
    assert client.userinfo(tokens).keys() == names
    assert tokens.claims.keys() & names == {"sub"}


def check_invalid_grant(answer: Answer) -> None:
    """Check a token error response (RFC 6749 §5.2)."""
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json["error"] == "invalid_grant"
    assert answer.json["error_description"].isprintable()
