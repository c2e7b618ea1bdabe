"""Assertions signed by Authlib: docs/client-authentication.md names the registration that each setting needs (R22)."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.fakes.client_assertions import keyed_client
from tests.fakes.http_api_event import FORM, http_api_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, TOKEN, IssuerHarness
from tests.fakes.token_factory import ISSUER

PAGE = (Path(__file__).parents[3] / "docs" / "client-authentication.md").read_text()
KEY = ECKey.generate_key("P-256", {"alg": "ES256", "kid": "key-1", "use": "sig"})


class Setting(NamedTuple):
    """A setting of Authlib: its audience, and the endpoints where it works without and with the registration."""

    audience: str | None
    needs: str
    without: set[str]
    registered: set[str]


EVERYWHERE = {TOKEN, REVOKE, INTROSPECT}
SETTINGS = {
    "PrivateKeyJWT(issuer)": Setting(ISSUER, "no", EVERYWHERE, EVERYWHERE),
    "PrivateKeyJWT(token_endpoint)": Setting(f"{ISSUER}{TOKEN}", "yes", set(), EVERYWHERE),
    "PrivateKeyJWT()": Setting(None, "yes, and works only at the token endpoint", set(), {TOKEN}),
}


def opened(issuer: IssuerHarness, client_id: str, audience: str | None) -> set[str]:
    """Return the endpoints that accept an assertion of the client."""
    method = PrivateKeyJWT(audience, alg="ES256", headers={"kid": KEY.kid})
    auth = SimpleNamespace(client_id=client_id, client_secret=KEY)
    found = set()
    for path in (TOKEN, REVOKE, INTROSPECT):
        form = "grant_type=client_credentials&token=abc"
        _, _, body = method(auth, "POST", f"{ISSUER}{path}", {}, form)
        answer = issuer.send(http_api_event("POST", path, headers={"content-type": FORM}, body=body.encode()))
        assert answer.status in (200, 401), answer.body
        found |= {path} if answer.status == 200 else set()
    return found


@pytest.fixture(autouse=True)
def clients(issuer: IssuerHarness) -> None:
    """Register a client with and one without the token endpoint as audience; Authlib signs by the wall clock."""
    issuer.clock.seconds = wall_seconds()
    keys: Any = {"jwks": (KEY.as_dict(private=False),)}
    issuer.clients.add(keyed_client("without", **keys))
    issuer.clients.add(keyed_client("registered", **keys, token_endpoint_audience=True))


@pytest.mark.parametrize("setting", SETTINGS)
def test_authlib_needs_what_the_page_says(issuer: IssuerHarness, setting: str) -> None:
    """R22: each documented setting of Authlib works at exactly the endpoints that the page names."""
    audience, needs, without, registered = SETTINGS[setting]
    assert opened(issuer, "without", audience) == without
    assert opened(issuer, "registered", audience) == registered
    [row] = [row for row in re.findall(r"^\| Authlib, .*$", PAGE, re.MULTILINE) if f"`{setting}`" in row]
    assert row.endswith(f"| {needs} |")


def test_the_page_has_no_other_setting_of_authlib() -> None:
    """The test runs each row of the page about Authlib."""
    assert len(re.findall(r"^\| Authlib, ", PAGE, re.MULTILINE)) == len(SETTINGS)
