"""What stands in the logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.system_clock import wall_seconds
from tests.aws.changes import platform_reports
from tests.aws.logs import GROUPS, read_events, read_log
from tests.aws.patience import eventually
from tests.integration.http import call, get_token

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")


def test_no_log_holds_a_token_or_a_secret(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """Each function writes into a group of its own, and in none of them stands a token or a client's secret (R66)."""
    get_token(stack)
    lines, _ = eventually(
        lambda: {group: read_log(resources[group]) for group in GROUPS},
        lambda lines: all(lines.values()),
        seconds=120,
        pause=5,
    )
    observe(lines={group: len(messages) for group, messages in lines.items()})
    assert all(lines.values())
    everything = "\n".join(message for messages in lines.values() for message in messages)
    assert _TOKEN.search(everything) is None
    assert stack.client_secret not in everything


@pytest.mark.on_aws_alone("the emulator has no cold start to report")
def test_a_cold_start_is_measured(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """Lambda reports how long the authorizer took to start; the figure is noted, and stands in no promise."""
    token = get_token(stack)
    with platform_reports(resources["AuthorizerFunction"]):
        begun = wall_seconds() - 5
        assert call(stack.apis["http"], token).status_code == 200
        reports, _ = eventually(lambda: cold_starts(resources["AuthorizerLogGroup"], begun), bool, seconds=120, pause=5)
    observe(**(reports[0] if reports else {}))
    assert reports


def cold_starts(group: str, begun: float) -> list[dict[str, Any]]:
    """Return the metrics of every report of a start."""
    events = [event for event in read_events(group, begun) if event.get("type") == "platform.report"]
    return [event["record"]["metrics"] for event in events if "initDurationMs" in event["record"]["metrics"]]
