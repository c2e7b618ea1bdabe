"""The operator's commands to the rotator, and the printed form of its reports."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from keyturn.domain.keys.key_ring import KeyRing, KeyState, RingKey
from keyturn_cli import app as command_line
from keyturn_cli import keys
from keyturn_cli.rotator import CommandRefused, RotatorFunction

DONE = {
    "applied": [{"ring": "default", "action": "promote", "subject": "k2"}, {"ring": "default", "action": "create_key"}],
    "due": [],
    "planned": [],
}


class Stack:
    """A deployment whose rotator gives one answer, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any], **invocation: Any) -> None:
        self.actor = "arn:operator"
        self.asked: list[dict[str, Any]] = []
        self._answer = answer
        self._invocation = invocation

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Answer as Lambda does."""
        self.asked.append({"function": FunctionName, **json.loads(Payload)})
        return {"Payload": io.BytesIO(json.dumps(self._answer).encode()), **self._invocation}

    def rotator(self) -> RotatorFunction:
        """Return the rotator."""
        return RotatorFunction(self, "rotator")  # type: ignore[arg-type]

    def key_rings(self) -> Stack:
        """Return what the rings are read from."""
        return self

    def load_all(self) -> tuple[KeyRing, ...]:
        """Return a ring with one key."""
        jwk = {"kid": "k1", "alg": "RS256"}
        key = RingKey(
            kid="k1", arn="arn", algorithm="RS256", jwk=jwk, state=KeyState.ACTIVE, created_at=0, published_at=0
        )
        return (KeyRing(name="default", version=1, keys=[key], longest_lifetime=900),)


def run(
    monkeypatch: pytest.MonkeyPatch,
    stack: Stack,
    *arguments: str,
    stdin: str | None = None,
    not_flushed: tuple[str, ...] = (),
) -> Result:
    """Run `keyturn keys` on the stack."""
    flushed = {"flushed": ["REST API orders (a), stage prod"], "not_flushed": [*not_flushed]}
    monkeypatch.setattr(keys, "find_deployment", lambda *_: stack)
    monkeypatch.setattr(keys, "deployment_to_change", lambda *_: stack)
    monkeypatch.setattr(keys, "gateways_of", lambda _: None)
    monkeypatch.setattr(keys, "flush_caches", lambda _: flushed)
    return CliRunner().invoke(command_line.app, ["keys", *arguments], input=stdin)


def test_the_plan_is_told_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The due steps come first, then the planned ones by time; the rotator gets only the action `plan`."""
    planned = [
        {"ring": "default", "action": "forget", "subject": "k0", "at": 86_400},
        {"ring": "ES256", "action": "promote", "subject": "k2", "at": 3600},
    ]
    stack = Stack({"applied": [], "due": [{"ring": "default", "action": "create_key"}], "planned": planned})
    shown = run(monkeypatch, stack, "plan").stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["WHEN", "RING", "WHAT", "WHICH"],
        ["now", "default", "create_key", "-"],
        ["1970-01-01", "01:00:00Z", "ES256", "promote", "k2"],
        ["1970-01-02", "00:00:00Z", "default", "forget", "k0"],
    ]
    assert stack.asked == [{"function": "rotator", "action": "plan"}]
    assert json.loads(run(monkeypatch, stack, "plan", "--json").stdout)["planned"] == planned


def test_a_plan_says_which_ring_it_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable ring does not hide the planned steps of the others."""
    failed = [{"ring": "ES256", "action": "tick", "error": "item_damaged", "message": "ring ES256: KeyError"}]
    shown = run(monkeypatch, Stack({"applied": [], "due": [], "planned": [], "failed": failed}), "plan")
    assert shown.stderr == "unknown: ring ES256: ring ES256: KeyError\n"


def test_the_list_says_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside each key stands the next thing that happens to it, and when; that the rotator is away hides no key."""
    planned = [
        {"ring": "default", "action": "destroy", "subject": "k1", "at": 7200},
        {"ring": "default", "action": "promote", "subject": "k1", "at": 3600},
    ]
    stack = Stack({"applied": [], "due": [], "planned": planned})
    assert "promote 1970-01-01 01:00:00Z" in run(monkeypatch, stack, "list").stdout
    assert json.loads(run(monkeypatch, stack, "list", "--json").stdout)["next"][0]["action"] == "promote"
    away = run(monkeypatch, Stack({"errorMessage": "no"}, FunctionError="Unhandled"), "list")
    assert (away.exit_code, "k1" in away.stdout) == (0, True)
    assert away.stderr == "note: the next steps are unknown: the rotator failed: no\n"


def test_a_rotation_says_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """`keys rotate` asks once, and lists the steps."""
    stack = Stack(DONE)
    result = run(monkeypatch, stack, "rotate")
    assert (result.exit_code, result.stdout) == (0, "done: promote k2\ndone: create_key\n")
    assert stack.asked == [{"function": "rotator", "action": "rotate", "ring": "default"}]
    assert json.loads(run(monkeypatch, stack, "rotate", "--json").stdout) == DONE


def test_what_was_not_done_is_said_and_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that failed goes to standard error, notes are shown, and the exit code is 1."""
    failed = [{"action": "disable", "subject": "k1", "error": "throttled", "message": "KMS is busy"}]
    stack = Stack(DONE | {"failed": failed, "notes": ["some verifiers may not know it"]})
    result = run(monkeypatch, stack, "rotate")
    assert result.exit_code == 1
    assert "note: some verifiers may not know it\n" in result.stdout
    assert result.stderr == "not done: disable k1: KMS is busy\n"
    assert json.loads(run(monkeypatch, stack, "rotate", "--json").stdout)["failed"] == failed


def test_an_emergency_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """`keys compromise` says what it means, and does nothing without a yes (I8)."""
    stack = Stack(DONE)
    refused = run(monkeypatch, stack, "compromise", "k1", "--reason", "a drill", stdin="n\n")
    assert refused.exit_code == 1
    assert "This cannot be undone." in refused.stderr
    assert stack.asked == []
    assert run(monkeypatch, stack, "compromise", "k1", "--reason", "a drill", stdin="y\n").exit_code == 0
    assert run(monkeypatch, stack, "compromise", "--reason", "a drill", "--yes", "--", "k1").exit_code == 0
    asked = {"function": "rotator", "action": "compromise", "kid": "k1", "reason": "a drill", "actor": "arn:operator"}
    assert stack.asked == [asked, asked]


def test_an_emergency_flushes_what_api_gateway_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the declaration cached authorizer results are flushed; a failed flush is printed beside the rest (I8)."""
    done = run(monkeypatch, Stack(DONE), "compromise", "k1", "--reason", "a drill", "--yes")
    assert "done: flushed the cached authorizer results of REST API orders (a), stage prod" in done.stdout
    partly = run(
        monkeypatch, Stack(DONE), "compromise", "k1", "--reason", "a drill", "--yes", not_flushed=("HTTP API b: no",)
    )
    assert (partly.exit_code, "not done: HTTP API b: no" in partly.stderr) == (1, True)
    assert "done: promote k2" in partly.stdout
    report = run(monkeypatch, Stack(DONE), "compromise", "k1", "--reason", "a drill", "--yes", "--json")
    assert json.loads(report.stdout)["caches"]["not_flushed"] == []


def test_a_key_that_is_not_there_is_refused_before_the_rotator_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a mistyped kid names the command that lists the kids."""
    stack = Stack(DONE)
    result = run(monkeypatch, stack, "compromise", "k9", "--reason", "a drill", "--yes")
    assert isinstance(result.exception, keys.UnknownKid)
    assert "keyturn keys list" in str(result.exception)
    assert stack.asked == []


@pytest.mark.parametrize("reason", ["", "r" * 257, "a\nb"])
def test_a_reason_that_no_record_takes_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """The reason is checked before the question, to lose no time in an emergency."""
    stack = Stack(DONE)
    result = run(monkeypatch, stack, "compromise", "k1", "--reason", reason)
    assert (result.exit_code, stack.asked) == (2, [])
    assert "a reason is 1 to 256 printable characters" in result.stderr
    assert "Take it out of use?" not in result.stderr


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (
            Stack({"error": "standby_too_young", "message": "wait", "retry_after_seconds": 7}),
            "standby_too_young: wait: try again in 7 s",
        ),
        (
            Stack({"error": "no_standby", "message": "none"}),
            "no_standby: none: `keyturn keys plan` shows what comes next",
        ),
        (
            Stack({"errorMessage": "boom"}, FunctionError="Unhandled"),
            "the rotator failed: boom: read the function's log",
        ),
    ],
)
def test_a_refusal_is_the_rotators_own_words(monkeypatch: pytest.MonkeyPatch, stack: Stack, message: str) -> None:
    """A refusal of the rotator is printed in its own words, with the time to try again."""
    result = run(monkeypatch, stack, "rotate")
    assert isinstance(result.exception, CommandRefused)
    assert str(result.exception) == message
