"""A function's sandbox on the emulator lives and logs as one of Lambda."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.functions import create_function

if TYPE_CHECKING:
    from local.emulator import Emulator

# It counts its requests, logs each, and raises for some.
COUNTER = (
    "(lambda kept: lambda event, context: kept.append(event) or print('request', len(kept), 'says', event)"
    " or (1 / 0 if event == 'raise' else len(kept)))([])"
)


@pytest.fixture(scope="module")
def counter(emulator: Emulator) -> str:
    """Return the name of a function that counts the requests of its sandbox."""
    name: str = create_function(emulator, "counter", COUNTER)["FunctionName"]
    return name


def ask(emulator: Emulator, name: str, event: str) -> tuple[Any, str]:
    """Return the answer, and the end of the log of this request."""
    answer = emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
    return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()


def test_an_exception_leaves_the_sandbox_alive(emulator: Emulator, counter: str) -> None:
    """The next request finds what earlier ones left in memory, and the caller gets the exception."""
    first, _ = ask(emulator, counter, "count")
    raised, log = ask(emulator, counter, "raise")
    last, _ = ask(emulator, counter, "count")
    assert (first, last) == (1, 3)
    assert raised["errorMessage"] == "division by zero"
    assert "ZeroDivisionError" in log


@pytest.mark.parametrize("event", ["count", "raise"])
def test_a_log_holds_the_lines_of_its_request_alone(emulator: Emulator, counter: str, event: str) -> None:
    """Lines of a request are in its own log, the end mark of the emulator is in none."""
    for number in range(4):
        _, log = ask(emulator, counter, f"{event} {number}")
        assert log.count(f"says {event} {number}") == 1
        assert log.count("says") == 1
        assert "\0" not in log
