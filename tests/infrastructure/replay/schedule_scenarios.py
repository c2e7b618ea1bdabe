"""Faults of the key rotator and its schedule from a time on, and the alarm that each has to ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from unittest.mock import patch

from key_rotator import app
from key_rotator.bootstrap import bootstrap
from keyturn.domain.keys.key_ring import KeyState
from tests.fakes.lambda_context import lambda_context
from tests.fakes.rotation_harness import PERIOD, RotationHarness
from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.alarm import DAY, HOUR

Play = Callable[[Account, int], None]


class Scenario(NamedTuple):
    """A fault from a time on, the alarm that it has to ring, and within how many seconds."""

    alarm: str
    play: Play
    within: int


SCENARIOS: list[Scenario] = []


def rings(alarm: str, within: int) -> Callable[[Play], Play]:
    """Register a scenario for an alarm."""

    def register(play: Play) -> Play:
        SCENARIOS.append(Scenario(alarm, play, within))
        return play

    return register


class Rotator:
    """The rotator's real handler on fakes, as the schedule invokes it."""

    def __init__(self, account: Account) -> None:
        """Begin with a key that signs and its standby."""
        self.harness = RotationHarness()
        self.harness.start()
        self.function = account.function("KeyRotatorFunction")
        self._context = lambda_context("KeyRotatorFunction")

    def tick(self, at: float) -> object:
        """Do what the schedule asks for; return the answer or the exception."""
        with patch.object(app, "bootstrap", self.harness.rings):
            return self.function.invoke(lambda: app.lambda_handler({"action": "tick"}, self._context), at)

    def create(self, at: float) -> object:
        """Do what the custom resource of a new stack asks for."""
        event = {"RequestType": "Create", "ResponseURL": "https://cloudformation.example"}
        with patch.object(app, "bootstrap", RotationHarness().rings), patch.object(app, "respond"):
            return self.function.invoke(lambda: app.lambda_handler(event, self._context), at)


@rings("KeyRotatorFailed", within=10 * 60)
def a_variable_of_the_rotator_is_missing(account: Account, start: int) -> None:
    """The composition root raises SettingsError, before there is a ring."""
    rotator = Rotator(account)
    with patch.object(rotator.harness, "rings", bootstrap), patch.dict("os.environ", {}, clear=True):
        assert isinstance(rotator.tick(start), Exception)


@rings("KeyRotatorFailed", within=10 * 60)
def the_rotator_cannot_be_imported(account: Account, start: int) -> None:
    """The handler does not exist."""
    account.function("KeyRotatorFunction").fail_to_import(start)


@rings("KeyRotatorFailed", within=10 * 60)
def the_rotator_times_out(account: Account, start: int) -> None:
    """Lambda ends the tick at the function's time-out."""
    account.function("KeyRotatorFunction").time_out(start)


@rings("KeyRotatorSilent", within=2 * DAY + HOUR)
def the_schedule_is_turned_off(account: Account, start: int) -> None:
    """There were ticks for two days, and then none."""
    rotator = Rotator(account)
    for at in every(HOUR, start - 2 * DAY, start):
        rotator.tick(at)


@rings("KeyRotatorSilent", within=2 * DAY + HOUR)
def the_schedule_of_a_new_stack_never_fires(account: Account, start: int) -> None:
    """The custom resource is the only run that there ever was."""
    Rotator(account).create(start)


@rings("KeyRotatorSilent", within=2 * DAY + HOUR)
def the_rotator_is_throttled(account: Account, start: int) -> None:
    """Lambda takes the schedule's ticks, and lets none run."""
    rotator = Rotator(account)
    rotator.tick(start)
    for at in every(HOUR, start + HOUR, start + 3 * DAY):
        rotator.function.throttle(at)


@rings("KeyRotationOverdue", within=2 * HOUR)
def a_key_signs_for_too_long(account: Account, start: int) -> None:
    """There is no standby to take over, and the tick after two periods makes the first one."""
    rotator = Rotator(account)
    harness = rotator.harness
    harness.store.put(harness.ring.replace(keys=[harness.only(KeyState.ACTIVE)]))
    harness.pass_time(2 * PERIOD)
    rotator.tick(start)


@rings("ScheduleNotDelivered", within=10 * 60)
def a_tick_is_a_dead_letter(account: Account, start: int) -> None:
    """The queue has a message, and SQS measures it for six hours."""
    dead_letters(account, start, start + 6 * HOUR, 1)


def dead_letters(account: Account, start: int, end: int, visible: int) -> None:
    """Measure the queue of dead letters once a minute."""
    for at in every(60, start, end):
        account.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", at, visible, QueueName="ScheduleDeadLetters")
