"""An issuer whose URL changes: its metadata state one URL, under both of its names."""

from __future__ import annotations

import pytest

from keyturn.verifier import Introspection, JwksUnavailable, JwksVerifier
from tests.fakes.jwks_site import INTROSPECT, JWKS, JwksSite
from tests.fakes.token_factory import AUDIENCE, signing_key
from tests.fakes.two_clocks import TwoClocks


def move(site: JwksSite, origin: str) -> None:
    """Let the metadata state another URL of the site."""
    site.metadata = {"issuer": origin, "jwks_uri": origin + JWKS, "introspection_endpoint": origin + INTROSPECT}


@pytest.mark.parametrize("is_updated", [False, True])
def test_a_service_with_both_urls_sees_no_outage(site: JwksSite, clocks: TwoClocks, is_updated: bool) -> None:
    """RFC 8414 §3.3: a service that trusts both URLs goes on before, during and after the change, under either one."""
    former, later = site.origin, site.origin.replace("127.0.0.1", "localhost")
    issuer, other = (later, former) if is_updated else (former, later)
    client = Introspection("orders", "secret")
    verifier = JwksVerifier(issuer, AUDIENCE, previous_issuers={other}, clock=clocks, introspection=client)
    assert verifier.verify(site.token(signing_key(), iss=former))
    move(site, later)
    clocks.wait(400)
    for each in (former, later):
        assert verifier.verify(site.token(signing_key(), at=clocks.wall, iss=each)).issuer == each
    assert site.reads() == 2
    assert {each.headers["host"] for each in site.seen if each.path == JWKS} == {
        former.removeprefix("http://"),
        later.removeprefix("http://"),
    }


def test_a_service_with_one_url_names_the_change(site: JwksSite, clocks: TwoClocks) -> None:
    """RFC 8414 §3.3: a stranger's metadata lend no keys."""
    move(site, site.origin.replace("127.0.0.1", "localhost"))
    with pytest.raises(JwksUnavailable, match="names another issuer"):
        JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))


def test_a_trusted_issuer_keeps_its_keys_at_its_own_origin(site: JwksSite, clocks: TwoClocks) -> None:
    """Metadata that state a trusted issuer cannot send the service to a third origin."""
    other = "https://other.example"
    site.metadata |= {"issuer": other}
    verifier = JwksVerifier(site.origin, AUDIENCE, previous_issuers={other}, clock=clocks)
    with pytest.raises(JwksUnavailable, match="has no jwks_uri at https://other"):
        verifier.verify(site.token(signing_key()))


def test_a_previous_issuer_is_a_url_of_an_issuer() -> None:
    """A previous issuer gets requests too: plain http to another machine is an error at start."""
    with pytest.raises(ValueError, match="plain http"):
        JwksVerifier("https://auth.example.com", AUDIENCE, previous_issuers={"http://former.example"})
