"""What stands in the logs."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.aws.logs import GROUPS, read_events, read_log
from tests.aws.patience import eventually
from tests.integration.http import CLIENT, get_token

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


@pytest.mark.on_aws_alone("the emulator writes no access log")
def test_the_issuers_api_writes_an_access_log(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """API Gateway writes a line for each request into the group of the issuer's API, and no query into it (R66)."""
    probe = secrets.token_hex(8)
    assert CLIENT.get(stack.outputs["JwksUrl"], params={"probe": probe}).status_code == 200
    lines, waited = eventually(
        lambda: read_events(resources["IssuerApiLogGroup"]),
        lambda lines: any(line["route"].endswith("/jwks.json") for line in lines),
        seconds=180,
        pause=5,
    )
    observe(lines=len(lines), members=sorted(lines[-1]) if lines else "none", after_seconds=waited)
    assert any(line["route"].endswith("/jwks.json") and line["status"] == "200" for line in lines)
    assert probe not in json.dumps(lines)
