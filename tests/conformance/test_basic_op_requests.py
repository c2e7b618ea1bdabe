"""The plan Basic OP (oidcc-basic-certification-test-plan): the parameters of authentication requests.

Each test stands for the module of its name, as those of test_basic_op.py do.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.fakes.certification_plan import ADA, REDIRECT_URI, sign_in
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Provider, go_on
from tests.fakes.relying_party import AuthenticationRequest, RelyingParty

_SIGN_IN, _CONSENT = "/login/password", "/login/consent"


def test_oidcc_display_page(client: RelyingParty, browser: PageBrowser) -> None:
    """“The Authorization Server SHOULD display the authentication and consent UI consistent with a full User Agent page
    view.” (OpenID Connect Core §3.1.2.1)"""
    assert pages_of(client, browser, display="page") == [_SIGN_IN, _CONSENT]


def test_oidcc_display_popup(client: RelyingParty, browser: PageBrowser) -> None:
    """“The Authorization Server SHOULD display the authentication and consent UI consistent with a popup User Agent
    window.” (OpenID Connect Core §3.1.2.1)"""
    assert pages_of(client, browser, display="popup") == [_SIGN_IN, _CONSENT]


def test_oidcc_prompt_login(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“In this case, the Authorization Server MUST reauthenticate the End-User even if the End-User is already
    authenticated.” (OpenID Connect Core §3.1.2.3)"""
    first = sign_in(client, browser)
    provider.clock.pause(1)
    request = client.new_request(prompt="login")
    browser.open(client.url(request))
    assert go_on(browser, ADA) == [_SIGN_IN]
    second = client.redeem(request, browser.visit)
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_prompt_none_not_logged_in(client: RelyingParty, browser: PageBrowser) -> None:
    """“In this case, the Authorization Server MUST return an error if an End-User is not already Authenticated or could
    not be silently Authenticated.” (OpenID Connect Core §3.1.2.3)"""
    request = client.new_request(prompt="none")
    visit = browser.open(client.url(request))
    assert client.read_response(request, visit)["error"] == "login_required"
    assert visit.path == ("/oauth2/authorize",)


def test_oidcc_prompt_none_logged_in(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“The Authorization Server MUST NOT display any authentication or consent user interface pages.”
    (prompt=none, OpenID Connect Core §3.1.2.1)"""
    first = sign_in(client, browser)
    provider.clock.pause(5)
    request = client.new_request(prompt="none")
    visit = browser.open(client.url(request))
    assert visit.path == ("/oauth2/authorize",)
    second = client.redeem(request, visit)
    assert all(second.claims[name] == first.claims[name] for name in ("sub", "auth_time", "sid"))


def test_oidcc_max_age_1(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“If the elapsed time is greater than this value, the OP MUST attempt to actively re-authenticate the End-User.”
    (max_age, OpenID Connect Core §3.1.2.1)"""
    first = sign_in(client, browser)
    provider.clock.pause(2)
    request = client.new_request(max_age="1")
    browser.open(client.url(request))
    assert go_on(browser, ADA) == [_SIGN_IN]
    second = client.redeem(request, browser.visit)
    assert second.claims["auth_time"] == first.claims["auth_time"] + 2
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_max_age_10000(client: RelyingParty, browser: PageBrowser, provider: Provider) -> None:
    """“When max_age is used, the ID Token returned MUST include an auth_time Claim Value.”
    (OpenID Connect Core §3.1.2.1)"""
    first = sign_in(client, browser)
    provider.clock.pause(2)
    request = client.new_request(max_age="10000")
    second = client.redeem(request, browser.open(client.url(request)))
    assert second.claims["auth_time"] == first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(client: RelyingParty, browser: PageBrowser) -> None:
    """“As specified in OAuth 2.0, Authorization Servers SHOULD ignore unrecognized request parameters.”
    (OpenID Connect Core §3.1.2.2)"""
    assert pages_of(client, browser, extra="foobar") == [_SIGN_IN, _CONSENT]


def test_oidcc_id_token_hint(client: RelyingParty, browser: PageBrowser) -> None:
    """“If the End-User identified by the ID Token is already logged in […], then the Authorization Server returns a
    positive response” (id_token_hint, OpenID Connect Core §3.1.2.1)."""
    first = sign_in(client, browser)
    request = client.new_request(prompt="none", id_token_hint=first.id_token)
    second = client.redeem(request, browser.open(client.url(request)))
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_login_hint(client: RelyingParty, browser: PageBrowser) -> None:
    """“Hint to the Authorization Server about the login identifier the End-User might use to log in (if necessary).”
    (OpenID Connect Core §3.1.2.1)"""
    browser.open(client.url(client.new_request(login_hint=ADA.email)))
    [form] = browser.visit.page.forms
    assert form.fields["email"] == ADA.email
    assert go_on(browser, ADA) == [_SIGN_IN, _CONSENT]


def test_oidcc_ui_locales(client: RelyingParty, browser: PageBrowser) -> None:
    """“An error SHOULD NOT result if some or all of the requested locales are not supported by the OpenID Provider.”
    (ui_locales, OpenID Connect Core §3.1.2.1)"""
    assert pages_of(client, browser, ui_locales="se") == [_SIGN_IN, _CONSENT]


def test_oidcc_claims_locales(client: RelyingParty, browser: PageBrowser) -> None:
    """“An error SHOULD NOT result if some or all of the requested locales are not supported by the OpenID Provider.”
    (claims_locales, OpenID Connect Core §5.2)"""
    assert pages_of(client, browser, claims_locales="se") == [_SIGN_IN, _CONSENT]


def test_oidcc_ensure_request_with_acr_values_succeeds(client: RelyingParty, browser: PageBrowser) -> None:
    """“The Authentication Context Class satisfied by the authentication performed is returned as the acr Claim Value”
    (acr_values, OpenID Connect Core §3.1.2.1)."""
    advertised = client.metadata["acr_values_supported"]
    assert sign_in(client, browser, acr_values=" ".join(advertised)).claims["acr"] in advertised


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    client: RelyingParty, browser: PageBrowser
) -> None:
    """“Should an OP not support this parameter and an RP uses it, the OP MUST return the request_uri_not_supported
    error.” (OpenID Connect Core §6.2)

    The suite skips it after that error.
    """
    assert client.metadata["request_uri_parameter_supported"] is False
    request = client.new_request(request_uri="https://rp.example/request-object.jwt")
    answer = client.read_response(request, browser.open(client.url(request)))
    assert answer["error"] == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    client: RelyingParty, browser: PageBrowser
) -> None:
    """“Should an OP not support this parameter and an RP uses it, the OP MUST return the request_not_supported error.”
    (OpenID Connect Core §6.1)

    The suite skips it after that error.
    """
    assert client.metadata["request_parameter_supported"] is False
    usual = client.new_request().parameters
    request = AuthenticationRequest(usual | {"request": unsigned(usual)})
    answer = client.read_response(request, browser.open(client.url(request)))
    assert answer["error"] == "request_not_supported"


def test_oidcc_claims_essential(client: RelyingParty, browser: PageBrowser) -> None:
    """“Support for the claims parameter is OPTIONAL.” (OpenID Connect Core §5.5)

    The suite warns: the request succeeds, and userinfo has no claim beyond those of the scope.
    """
    assert not client.metadata.get("claims_parameter_supported", False)
    claims = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = sign_in(client, browser, claims=claims)
    assert client.userinfo(tokens) == {"sub": ADA.subject}
    assert "name" not in tokens.claims


def test_oidcc_ensure_request_object_with_redirect_uri(client: RelyingParty, browser: PageBrowser) -> None:
    """“If the Redirection URI is invalid, the Authorization Server MUST NOT redirect the User Agent to the invalid
    Redirection URI.” (OpenID Connect Core §3.1.2.6)

    The suite takes a screenshot of the error page from a provider without request objects.
    """
    inside = client.new_request().parameters
    request = inside | {"redirect_uri": f"{REDIRECT_URI}/invalid", "request": unsigned(inside)}
    visit = browser.open(client.url(AuthenticationRequest(request)))
    assert (visit.page.status, visit.page.action) == (400, "")


def test_oidcc_ensure_request_with_valid_pkce_succeeds(provider: Provider, browser: PageBrowser) -> None:
    """“If the values are equal, the token endpoint MUST continue processing as normal (as defined by OAuth 2.0)”
    (RFC 7636 §4.6)."""
    client = RelyingParty(provider, "plan", REDIRECT_URI, pkce=True)
    assert sign_in(client, browser).claims["sub"] == ADA.subject


def pages_of(client: RelyingParty, browser: PageBrowser, **changes: str) -> list[str]:
    """Return the pages of a whole flow whose tokens are good."""
    request = client.new_request(**changes)
    browser.open(client.url(request))
    pages = go_on(browser, ADA)
    assert client.redeem(request, browser.visit).claims["sub"] == ADA.subject
    return pages


def unsigned(claims: dict[str, Any]) -> str:
    """Return a request object with alg none."""
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"{encoded[0]}.{encoded[1]}."
