"""The surroundings of the certification plans: a user who has every claim, and the clients that the suite registers."""

from __future__ import annotations

from typing import Any

from keyturn.domain.clients.client import Client
from tests.fakes.issuer_harness import make_client
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Person, go_on
from tests.fakes.relying_party import RelyingParty, Tokens

REDIRECT_URI = "https://rp.example/callback"
SECOND_REDIRECT_URI = "https://second.example/callback"
POST_LOGOUT_REDIRECT_URI = "https://rp.example/post_logout_redirect"
SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access", "orders:read"})
ADA = Person("u_AdaAdaAdaAdaAdaAdaAda1", "ada@users.example", "correct horse battery staple")
EVE = Person("u_EveEveEveEveEveEveEve1", "eve@users.example", "staple violin umbrella lamp")
PROFILE = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "middle_name": "King",
    "nickname": "Countess",
    "preferred_username": "ada",
    "profile": "https://users.example/ada",
    "picture": "https://users.example/ada.png",
    "website": "https://ada.example",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True,
    "address": {"locality": "London", "country": "GB"},
}


def plan_client(client_id: str, **changes: Any) -> Client:
    """Return a client of a third party that sends no PKCE by default, as the suite's."""
    fields: dict[str, Any] = {
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "redirect_uris": (REDIRECT_URI,),
        "post_logout_redirect_uris": (POST_LOGOUT_REDIRECT_URI,),
        "scopes": SCOPES,
        "pkce": "optional",
    }
    return make_client(client_id, **(fields | changes))


def sign_in(client: RelyingParty, browser: PageBrowser, person: Person = ADA, **changes: str | None) -> Tokens:
    """Return the verified tokens of a whole flow, of a request with changes."""
    request = client.new_request(**changes)
    browser.open(client.url(request))
    go_on(browser, person)
    return client.redeem(request, browser.visit)
