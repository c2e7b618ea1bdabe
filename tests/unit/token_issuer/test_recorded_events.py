"""The issuer answers the recorded events of `events/token_issuer`."""

from __future__ import annotations

from tests.fakes.http_api_event import TEMPLATES, recorded_event
from tests.fakes.issuer_harness import SECRET, Answer, IssuerHarness


def replay(issuer: IssuerHarness, name: str, token: str = "") -> Answer:
    """Return the answer to a recorded event."""
    return issuer.send(recorded_event(name, client_id="web", secret=SECRET, token=token))


def test_story(issuer: IssuerHarness) -> None:
    """The recorded events show a token that is issued, active, revoked and inactive."""
    token = replay(issuer, "token").json["access_token"]
    assert replay(issuer, "introspect", token).json["active"] is True
    assert replay(issuer, "revoke", token).status == 200
    assert replay(issuer, "introspect", token).json == {"active": False}


def test_every_event(issuer: IssuerHarness) -> None:
    """Every recorded event is answered with 200."""
    names = sorted(path.stem for path in TEMPLATES.glob("*.json"))
    assert names == ["introspect", "jwks", "metadata", "revoke", "token"]
    assert {name: replay(issuer, name, "some-token").status for name in names} == dict.fromkeys(names, 200)
