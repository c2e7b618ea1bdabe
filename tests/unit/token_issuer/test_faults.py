"""Faults of KMS and DynamoDB: the client learns whether to retry, and the log has the cause."""

from __future__ import annotations

import json

import pytest

from keyturn.domain.errors import (
    AccessDenied,
    ClockUnavailable,
    ItemDamaged,
    KeyRingMissing,
    NoActiveKey,
    StoreUnavailable,
    Throttled,
)
from keyturn.environment import SettingsError
from tests.fakes.client_assertions import assertion_event, keyed_client, make_assertion
from tests.fakes.issuer_harness import SECRET, TOKEN, IssuerHarness, make_client
from tests.fakes.stub_key_ring import ring_of
from token_issuer import app

WAITING_HELPS = [
    (Throttled("slow down"), "1"),
    (StoreUnavailable("timed out"), "5"),
    (ClockUnavailable("no answer yet"), "5"),
]
OPERATOR_MUST_LOOK = [AccessDenied("kms:Sign"), ItemDamaged("item version 9"), KeyRingMissing("no item")]


def break_port(issuer: IssuerHarness, port: str, fault: Exception) -> None:
    """Make every call of a port fail."""
    getattr(issuer, port).fault = fault


def test_an_assertion_that_cannot_be_noted(issuer: IssuerHarness) -> None:
    """An assertion whose use cannot be stored is refused with 503; the client signs another one later (R22)."""
    client = keyed_client()
    issuer.clients.add(client)
    issuer.assertions.fault = Throttled("slow down")
    answer = issuer.send(assertion_event(TOKEN, make_assertion(client.client_id), grant_type="client_credentials"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert issuer.signer.asked == []


def test_a_rate_that_cannot_be_counted(issuer: IssuerHarness) -> None:
    """A client with a rate gets 503 while its requests cannot be counted."""
    issuer.clients.add(make_client("counted", rate=5))
    issuer.rates.fault = StoreUnavailable("timed out")
    assert issuer.post(TOKEN, client_id="counted", grant_type="client_credentials").status == 503
    assert issuer.post(TOKEN, grant_type="client_credentials").status == 200


PORTS = ["clients", "resource_servers", "rings", "revocations", "signer", "clock"]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(("fault", "retry_after"), WAITING_HELPS)
def test_waiting_helps(issuer: IssuerHarness, port: str, fault: Exception, retry_after: str) -> None:
    """Throttling and timeouts are 503 temporarily_unavailable with Retry-After."""
    break_port(issuer, port, fault)
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == retry_after
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("fault", OPERATOR_MUST_LOOK)
def test_operator_must_look(
    issuer: IssuerHarness, capsys: pytest.CaptureFixture[str], port: str, fault: Exception
) -> None:
    """Refused access and damaged items are 500 server_error; only the log names them."""
    break_port(issuer, port, fault)
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert str(fault) not in answer.body
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["detail"]) == ("ERROR", f"{type(fault).__name__}: {fault}")


def test_no_active_key_yet(issuer: IssuerHarness) -> None:
    """The token endpoint answers 503 with Retry-After until a key is active."""
    issuer.rings.ring = ring_of().replace(keys=())
    with pytest.raises(NoActiveKey):
        issuer.rings.ring.active()
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_defect(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected exception is 500; the log has its type and place instead of its text."""
    break_port(issuer, "signer", RuntimeError(f"cannot handle {SECRET}"))
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    text = capsys.readouterr().out
    assert SECRET not in answer.body + text
    line = json.loads(text)
    assert line["detail"] == "RuntimeError"
    assert "issuer_harness.py" in line["place"]


def test_wrong_settings(
    issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function with a wrong environment answers 500 to every request, and the log names the variable."""

    def fail() -> None:
        raise SettingsError("ISSUER is not set")

    monkeypatch.setattr(app, "bootstrap", fail)
    assert issuer.post(TOKEN, grant_type="client_credentials").status == 500
    assert "SettingsError: ISSUER is not set" in capsys.readouterr().out
