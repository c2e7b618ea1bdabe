"""How many tokens a client may ask for in a minute."""

from __future__ import annotations

import json

import pytest

from tests.fakes.at_once import at_once
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, IssuerHarness, make_client
from tests.fakes.token_factory import NOW

GRANT = {"grant_type": "client_credentials"}
REST_OF_THE_MINUTE = 60 - NOW % 60


@pytest.fixture(autouse=True)
def client(issuer: IssuerHarness) -> None:
    """Register a client that may ask twice a minute."""
    issuer.clients.add(make_client("slow", rate=2))


def test_over_the_rate(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Over its rate a client gets 429 with the seconds to the next minute, and nothing is signed (RFC 6585 §4)."""
    answers = [issuer.post(TOKEN, client_id="slow", **GRANT) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["error"] == "temporarily_unavailable"
    assert answers[2].headers["retry-after"] == str(REST_OF_THE_MINUTE)
    assert answers[2].headers["cache-control"] == "no-store"
    assert len(issuer.signer.asked) == 2
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["level"], line["client_id"], line["detail"]) == ("INFO", "slow", "more than 2 a minute")
    issuer.clock.seconds = NOW + REST_OF_THE_MINUTE
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 200


def test_who_is_counted(issuer: IssuerHarness) -> None:
    """A client is counted for itself, and one without a rate not at all."""
    for _ in range(5):
        assert issuer.post(TOKEN, **GRANT).status == 200
    assert issuer.rates.taken == {}
    issuer.clients.add(make_client("other", rate=2))
    for client_id in ("slow", "other", "slow", "other"):
        assert issuer.post(TOKEN, client_id=client_id, **GRANT).status == 200


def test_nobody_uses_up_the_rate_of_another(issuer: IssuerHarness) -> None:
    """What does not authenticate is not counted: a stranger who knows the id cannot lock the client out."""
    for _ in range(5):
        assert issuer.post(TOKEN, client_id="slow", secret="wrong", **GRANT).status == 401
    assert issuer.rates.taken == {}
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 200


def test_refused_requests_count(issuer: IssuerHarness) -> None:
    """A client that asks for what it may not have is counted all the same."""
    for parameters in ({"scope": "admin"}, {"grant_type": "password"}):
        assert issuer.post(TOKEN, client_id="slow", **(GRANT | parameters)).status == 400
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 429


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_other_endpoints_are_not_counted(issuer: IssuerHarness, path: str) -> None:
    """Whoever ends a token, or asks about one, is not kept from it."""
    for _ in range(5):
        assert issuer.post(path, client_id="slow", token="abc").status == 200
    assert issuer.rates.taken == {}


def test_of_16_callers_at_once_the_rate_gets_in(issuer: IssuerHarness) -> None:
    """Sixteen at once are counted one by one."""
    event = form_event(TOKEN, GRANT, headers=basic("slow", SECRET))
    statuses = sorted(answer.status for answer in at_once(16, lambda: issuer.send(event)))
    assert statuses == [200] * 2 + [429] * 14
