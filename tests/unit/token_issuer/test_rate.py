"""A client's rate: its requests a minute at an endpoint."""

from __future__ import annotations

import json

import pytest

from tests.fakes.at_once import at_once
from tests.fakes.client_assertions import assertion_event, keyed_client, make_assertion
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, IssuerHarness, make_client
from tests.fakes.token_factory import NOW, signing_key
from tests.fakes.user_flow import USERINFO, UserFlow, user_client

GRANT = {"grant_type": "client_credentials"}
REST_OF_THE_MINUTE = 60 - NOW % 60


@pytest.fixture(autouse=True)
def client(issuer: IssuerHarness) -> None:
    """Register a client with a rate of two requests a minute."""
    issuer.clients.add(make_client("slow", rate=2))


def test_over_the_rate(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A client over its rate gets 429 with the seconds to the next minute, without a signature (RFC 6585 §4)."""
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
    """Each client with a rate has its own count; a client without a rate has none."""
    for _ in range(5):
        assert issuer.post(TOKEN, **GRANT).status == 200
    assert issuer.rates.taken == {}
    issuer.clients.add(make_client("other", rate=2))
    for client_id in ("slow", "other", "slow", "other"):
        assert issuer.post(TOKEN, client_id=client_id, **GRANT).status == 200


def test_a_stranger_cannot_use_up_a_rate(issuer: IssuerHarness) -> None:
    """A failed authentication is uncounted: a stranger who knows the id cannot lock the client out."""
    for _ in range(5):
        assert issuer.post(TOKEN, client_id="slow", secret="wrong", **GRANT).status == 401
    assert issuer.rates.taken == {}
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 200


def test_refused_requests_count(issuer: IssuerHarness) -> None:
    """A request that is refused after client authentication is counted."""
    for parameters in ({"scope": "admin"}, {"grant_type": "refresh_token"}):
        assert issuer.post(TOKEN, client_id="slow", **(GRANT | parameters)).status == 400
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 429


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_every_authenticated_endpoint_is_counted(
    issuer: IssuerHarness, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    """Over its rate a client gets 429 with Retry-After at revocation and introspection too (RFC 6585 §4)."""
    answers = [issuer.post(path, client_id="slow", token="abc") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["error"] == "temporarily_unavailable"
    assert answers[2].headers["retry-after"] == str(REST_OF_THE_MINUTE)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    # INFO: a client over its rate raises no alarm about faults.
    assert (line["level"], line["client_id"], line["detail"]) == ("INFO", "slow", "more than 2 a minute")
    issuer.clock.seconds = NOW + REST_OF_THE_MINUTE
    assert issuer.post(path, client_id="slow", token="abc").status == 200


def test_each_endpoint_has_a_counter_of_its_own(issuer: IssuerHarness) -> None:
    """R46: a client that used up its rate for tokens or introspection can still revoke tokens."""
    tokens = [issuer.issue("slow") for _ in range(2)]
    assert issuer.post(TOKEN, client_id="slow", **GRANT).status == 429
    assert [issuer.post(INTROSPECT, client_id="slow", token=tokens[0]).status for _ in range(3)] == [200, 200, 429]
    assert [issuer.post(REVOKE, client_id="slow", token=token).status for token in tokens] == [200, 200]
    assert len(issuer.revocations.writes) == 2


def test_revocations_of_different_tokens_are_bounded_by_the_rate(issuer: IssuerHarness) -> None:
    """The rate limits the revocations that a client writes in a minute, however many tokens it holds."""
    tokens = [issuer.issue("slow") for _ in range(2)]
    issuer.clock.seconds = NOW + REST_OF_THE_MINUTE
    tokens += [issuer.issue("slow") for _ in range(2)]
    assert [issuer.post(REVOKE, client_id="slow", token=token).status for token in tokens] == [200, 200, 429, 429]
    assert len(issuer.revocations.writes) == 2
    issuer.clock.seconds += 60
    assert [issuer.post(REVOKE, client_id="slow", token=token).status for token in tokens[2:]] == [200, 200]


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_a_failed_authentication_counts_at_no_endpoint(issuer: IssuerHarness, path: str) -> None:
    """R23: a stranger who knows the id or holds a used assertion uses up nothing of the client's rate."""
    issuer.clients.add(keyed_client("keyed", rate=1))
    used = make_assertion()
    assert issuer.send(assertion_event(path, used, token="abc", **GRANT)).status == 200
    counted = dict(issuer.rates.taken)
    for _ in range(3):
        assert issuer.post(path, client_id="slow", secret="wrong", token="abc", **GRANT).status == 401
        assert issuer.send(assertion_event(path, used, token="abc", **GRANT)).status == 401
        forged = make_assertion(key=signing_key(name="stranger"))
        assert issuer.send(assertion_event(path, forged, token="abc", **GRANT)).status == 401
    assert issuer.rates.taken == counted
    assert issuer.post(path, client_id="slow", token="abc", **GRANT).status == 200


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_an_assertion_over_the_rate_is_used_up(issuer: IssuerHarness, path: str) -> None:
    """R22: a request over the rate has authenticated, so that its assertion is used."""
    issuer.clients.add(keyed_client("keyed", rate=1))
    assert issuer.send(assertion_event(path, make_assertion(), token="abc", **GRANT)).status == 200
    late = make_assertion()
    assert issuer.send(assertion_event(path, late, token="abc", **GRANT)).status == 429
    issuer.clock.seconds = NOW + REST_OF_THE_MINUTE
    assert issuer.send(assertion_event(path, late, token="abc", **GRANT)).status == 401


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_a_request_without_a_token_counts(issuer: IssuerHarness, path: str) -> None:
    """A request without its token parameter is counted at every endpoint."""
    assert [issuer.post(path, client_id="slow").status for _ in range(3)] == [400, 400, 429]


def test_a_page_reads_that_its_client_is_over_the_rate(issuer: IssuerHarness) -> None:
    """The client's pages can read the 429 of the revocation endpoint with its Retry-After (Fetch §3.2)."""
    issuer.clients.add(make_client("page", rate=1, cors_origins=frozenset({"https://app.example"})))
    event = form_event(REVOKE, {"token": "abc"}, headers=basic("page", SECRET) | {"origin": "https://app.example"})
    issuer.send(event)
    answer = issuer.send(event)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (429, "https://app.example")
    assert "retry-after" in answer.headers["access-control-expose-headers"]


def test_a_public_client_is_counted_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public client has no rate, as any caller can use its id; introspection refuses it (R46)."""
    flow = UserFlow(monkeypatch)
    flow.clients.add(user_client("public", authentication=frozenset({"none"}), secret_hashes=()))
    for _ in range(5):
        assert flow.send(form_event(REVOKE, {"client_id": "public", "token": "abc"})).status == 200
    assert flow.send(form_event(INTROSPECT, {"client_id": "public", "token": "abc"})).status == 401
    assert flow.rates.taken == {}


def test_userinfo_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Userinfo is not counted: APIs that receive a token use it, and could lock out the token's client."""
    flow = UserFlow(monkeypatch)
    flow.clients.add(user_client("measured", rate=1))
    token = flow.redeem(flow.get_code(client_id="measured"), client_id="measured").json["access_token"]
    counted = dict(flow.rates.taken)
    for _ in range(3):
        assert flow.get(USERINFO, authorization=f"Bearer {token}").status == 200
    assert flow.rates.taken == counted


def test_of_16_callers_at_once_the_rate_gets_in(issuer: IssuerHarness) -> None:
    """Sixteen requests at once are counted one by one."""
    event = form_event(TOKEN, GRANT, headers=basic("slow", SECRET))
    statuses = sorted(answer.status for answer in at_once(16, lambda: issuer.send(event)))
    assert statuses == [200] * 2 + [429] * 14
