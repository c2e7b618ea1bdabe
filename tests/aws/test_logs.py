"""Logs hold their lines and no secret."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.aws.changes import handler
from tests.aws.filter_lines import LINES
from tests.aws.logs import read_events, read_log
from tests.aws.names import FUNCTION_GROUPS
from tests.aws.patience import eventually
from tests.aws.stack import aws
from tests.integration.http import CLIENT, get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")


def test_no_log_holds_a_token_or_a_secret(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """Each function writes into a group of its own, without a token or a client's secret (R66)."""
    get_token(stack)
    lines, _ = eventually(
        lambda: {group: read_log(resources[group]) for group in FUNCTION_GROUPS},
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


@pytest.mark.on_aws_alone("the emulator compares no pattern with a line")
def test_the_metric_filters_match_their_lines(resources: dict[str, str], observe: Observe) -> None:
    """CloudWatch Logs itself finds the lines that each deployed filter is for, and no others (R57)."""
    logs = aws("logs")
    groups = {resources[name] for name in ("AuthorizerLogGroup", "TokenIssuerLogGroup")}
    deployed = {
        each["filterName"]: each["filterPattern"]
        for group in groups
        for each in logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    }
    wrong = []
    for name in sorted({name for name, _, _ in LINES if name in resources}):
        lines = [(event, matches) for of, event, matches in LINES if of == name]
        messages = [json.dumps(event) for event, _ in lines]
        answer = logs.test_metric_filter(filterPattern=deployed[resources[name]], logEventMessages=messages)
        found = {int(match["eventNumber"]) for match in answer["matches"]}
        wrong += [(name, event) for number, (event, matches) in enumerate(lines, 1) if matches is not (number in found)]
    observe(filters=sorted(deployed.values()), wrong=wrong)
    assert wrong == []


@pytest.mark.on_aws_alone("the emulator writes no record of an exception as JSON")
def test_lambda_writes_exceptions_as_the_filters_expect(
    stack: StackFile, resources: dict[str, str], observe: Observe
) -> None:
    """A 401 of a REST API is the exception Unauthorized, a missing module Runtime.ImportModuleError (R57)."""
    begun = wall_seconds()
    assert statuses(stack, "x.y.z")["rest_token"] == 401
    with handler(resources["AuthorizerFunction"], "authorizer.nowhere.lambda_handler"):
        assert statuses(stack, "x.y.z")["rest_token"] == 500
    wanted = {("Exception", "Unauthorized"), ("Runtime.ImportModuleError", "")}

    def written() -> set[tuple[str, str]]:
        events = read_events(resources["AuthorizerLogGroup"], begun)
        raised = {(event["errorType"], event["errorMessage"]) for event in events if "errorType" in event}
        return {(kind, "" if kind.startswith("Runtime.") else message) for kind, message in raised}

    found, waited = eventually(written, lambda found: wanted <= found, seconds=180, pause=5)
    reports = [each for each in read_events(resources["AuthorizerLogGroup"], begun) if each.get("type")]
    observe(
        exceptions=sorted(found), reports=[each["record"].get("errorType") for each in reports], after_seconds=waited
    )
    assert wanted <= found
