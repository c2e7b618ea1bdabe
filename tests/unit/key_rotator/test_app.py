"""Events in, answers out."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest

from key_rotator import app, bootstrap
from key_rotator.report import RunIncomplete
from key_rotator.rotation import ClocksDisagree
from keyturn.domain.errors import AccessDenied, KeyRingMissing
from keyturn.domain.keys.key_ring import KeyState
from keyturn.environment import SettingsError
from tests.fakes.lambda_context import lambda_context
from tests.fakes.log_lines import log_lines
from tests.fakes.rotation_harness import LEAD, PERIOD, RotationHarness
from tests.unit.key_rotator.test_settings import ENVIRONMENT

EVENTS = Path(__file__).parents[3] / "events" / "key_rotator"


@pytest.fixture(autouse=True)
def _composed(started: RotationHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose the handler on fakes."""
    monkeypatch.setattr(app, "bootstrap", started.rings)


def send(**event: Any) -> Any:
    """Return the answer as the caller reads it."""
    return json.loads(json.dumps(app.lambda_handler(event, lambda_context())))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log, without the metrics in it."""
    return [line for line in log_lines(capsys.readouterr().out) if "_aws" not in line]


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """Return the lines of metrics, each by the names of its metrics."""
    found = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
    return {
        metric["Name"]: line
        for line in found
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def test_tick_answers_the_ring_and_what_was_done(started: RotationHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A tick answers the ring with the times of its keys, the steps applied and what comes next; and logs one line."""
    started.pass_time(PERIOD)
    answer = send(action="tick")
    assert [step["action"] for step in answer["applied"]] == ["promote", "create_key", "publish"]
    assert [key["state"] for key in answer["rings"][0]["keys"]] == ["DEACTIVATED", "ACTIVE", "PRE_ACTIVATION"]
    active = started.only(KeyState.ACTIVE)
    shown = answer["rings"][0]["keys"][1]
    assert (shown["kid"], shown["activated_at"], shown["algorithm"]) == (active.kid, active.activated_at, "ES256")
    assert "jwk" not in shown
    assert [step["action"] for step in answer["planned"]] == ["destroy", "promote"]
    assert (answer["rings"][0]["name"], answer["rings"][0]["version"]) == ("default", started.ring.version)
    [line] = lines(capsys)
    assert (line["level"], line["event"], line["action"]) == ("INFO", "key_rotation", "tick")


def test_successful_tick_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A tick that did all that was due counts in the metric whose absence is an alarm; a plan does not (I12)."""
    send(action="plan")
    assert "_aws" not in capsys.readouterr().out
    send(action="tick")
    counted = metrics(capsys)["SuccessfulRuns"]
    assert (counted["FunctionName"], counted["SuccessfulRuns"]) == ("function", [1.0])


def test_tick_measures_the_rings(started: RotationHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A tick emits the keys per state, the age of the key that signs, and how many rings are overdue (I12)."""
    send(action="rotate")
    started.pass_time(500)
    capsys.readouterr()
    send(action="tick")
    measured = metrics(capsys)
    states = measured["KeysActive"]
    assert (states["FunctionName"], states["Ring"]) == ("function", "default")
    assert {name: states[name] for name in states if name.startswith("Keys")} == {
        "KeysPreActivation": [1.0],
        "KeysActive": [1.0],
        "KeysDeactivated": [1.0],
        "KeysDestroyed": [0.0],
        "KeysCompromised": [0.0],
    }
    assert states["ActiveKeyAge"] == [500.0]
    assert measured["OverdueRings"]["OverdueRings"] == [0.0]


def test_ring_that_cannot_turn_is_overdue(started: RotationHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that signs for too long, and a ring that cannot be read, count as overdue (I12)."""
    started.pass_time(PERIOD)
    started.store.put(started.ring.replace(keys=[started.only(KeyState.ACTIVE)]))
    started.pass_time(PERIOD)
    send(action="tick")
    assert metrics(capsys)["OverdueRings"]["OverdueRings"] == [1.0]
    started.local_offset = 1000.0
    with pytest.raises(ClocksDisagree):
        app.lambda_handler({"action": "tick"}, lambda_context())
    assert metrics(capsys)["OverdueRings"]["OverdueRings"] == [1.0]


def test_plan_and_rotate_answer_too(started: RotationHarness) -> None:
    """A plan shows what is due; a rotation does it ahead of time."""
    assert send(action="plan")["due"] == []
    assert [step["action"] for step in send(action="rotate")["applied"]] == ["promote", "create_key", "publish"]


def test_refusal_says_how_long_to_wait(started: RotationHarness) -> None:
    """A rotation that comes too early is refused with the seconds to wait."""
    send(action="rotate")
    answer = send(action="rotate")
    assert answer["error"] == "standby_too_young"
    assert answer["retry_after_seconds"] == LEAD
    assert str(LEAD) in answer["message"]


def test_compromise_takes_who_and_why(started: RotationHarness) -> None:
    """An emergency is carried out, and the log of the ring has who and why."""
    stolen = started.only(KeyState.ACTIVE).kid
    answer = send(action="compromise", kid=stolen, reason="laptop lost", actor="ann")
    assert answer["applied"][0] == {"ring": "default", "action": "compromise", "subject": stolen}
    assert (started.ring.compromises[0].reason, started.ring.compromises[0].actor) == ("laptop lost", "ann")


def test_compromise_of_an_unknown_key_is_refused() -> None:
    """An unknown kid is a clear answer."""
    answer = send(action="compromise", kid="nope", reason="r", actor="a")
    assert (answer["error"], answer["message"]) == ("unknown_key", "no ring has a key nope")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": None},
        {"action": "explode"},
        {"action": ["tick"]},
        {"action": "compromise"},
        {"action": "compromise", "kid": 5, "reason": "r", "actor": "a"},
        {"action": "compromise", "kid": "k", "reason": "", "actor": "a"},
        {"action": "compromise", "kid": "k", "reason": "r" * 257, "actor": "a"},
        {"action": "compromise", "kid": "k", "reason": "line\nbreak", "actor": "a"},
        {"RequestType": "Create"},
    ],
)
def test_malformed_event_is_a_clear_error(started: RotationHarness, event: dict[str, Any]) -> None:
    """An unknown event is answered as malformed, without a change."""
    before = started.ring
    answer = app.lambda_handler(event, lambda_context())
    assert answer["error"] == "malformed_event"
    assert started.ring is before


@pytest.mark.parametrize("event", [None, [], "tick", 5])
def test_event_that_is_no_object_is_a_clear_error(event: Any) -> None:
    """An event that is not an object gets the same clear answer."""
    assert app.lambda_handler(event, lambda_context())["error"] == "malformed_event"


def test_tick_that_fails_raises(started: RotationHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A tick that could not do everything raises, so that the alarm rings; the log says what failed."""
    del started.kms.made[started.only(KeyState.ACTIVE).arn]
    with pytest.raises(RunIncomplete, match="check_key"):
        app.lambda_handler({"action": "tick"}, lambda_context())
    output = capsys.readouterr().out
    assert "SuccessfulRuns" not in output
    report, failure = (line for line in map(json.loads, output.splitlines()) if "_aws" not in line)
    assert report["failed"][0]["error"] == "key_unusable"
    assert (failure["level"], failure["event"], failure["error"]) == ("ERROR", "key_rotator_failed", "RunIncomplete")


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_event_of_the_examples_is_known(started: RotationHarness, path: Path) -> None:
    """Each example event is answered, once its placeholders are filled in."""
    started.pass_time(LEAD)
    event = json.loads(Template(path.read_text()).substitute(kid=started.only(KeyState.ACTIVE).kid))
    assert "error" not in send(**event)


def test_command_that_fails_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that meets a fault answers with its name, because an operator waits for it."""
    monkeypatch.setattr(app, "bootstrap", RotationHarness().rings)
    assert app.lambda_handler({"action": "plan"}, lambda_context()) == {
        "error": "key_ring_missing",
        "message": "ring default has no item",
    }
    with pytest.raises(KeyRingMissing):
        app.lambda_handler({"action": "tick"}, lambda_context())


def test_unexpected_fault_raises(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected fault is logged and raised."""

    def broken() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(app, "bootstrap", broken)
    with pytest.raises(RuntimeError):
        app.lambda_handler({"action": "plan"}, lambda_context())
    assert lines(capsys)[0]["error"] == "RuntimeError"


def test_bootstrap_composes_the_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The composition root needs the environment and nothing else, and says what is missing each time."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):
        with pytest.raises(SettingsError):
            bootstrap.bootstrap()
    region = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    for name, value in (ENVIRONMENT | region).items():
        monkeypatch.setenv(name, value)
    try:
        assert bootstrap.bootstrap() is bootstrap.bootstrap()
        assert bootstrap.bootstrap().policies()["default"].algorithm == "RS256"
    finally:
        bootstrap.bootstrap.cache_clear()


def test_role_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of configuration is an answer to a command as well."""

    def denied() -> None:
        raise AccessDenied("DynamoDB GetItem: AccessDeniedException")

    monkeypatch.setattr(app, "bootstrap", denied)
    assert app.lambda_handler({"action": "rotate"}, lambda_context())["error"] == "access_denied"
