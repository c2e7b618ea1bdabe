"""Lambda's runtime."""

from __future__ import annotations

import json
import statistics
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.time.ages import SKEW
from tests.aws import sandbox_probe
from tests.aws.changes import platform_reports
from tests.aws.logs import read_events
from tests.aws.names import FUNCTIONS
from tests.aws.patience import eventually
from tests.aws.spare_function import spare_function
from tests.aws.stack import aws, describe, parameters_of
from tests.integration.http import call, get_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

REFUSALS, DECISIONS = 5, 20
PROBE_TIMEOUT = 30
IDLE = 120
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


@pytest.fixture(scope="module")
def probe(stack: StackFile, resources: dict[str, str]) -> Iterator[Callable[[dict[str, str]], dict[str, Any]]]:
    """Return a call of a function with the issuer's layers, which looks at its sandbox; it is deleted."""
    layers = aws("lambda").get_function_configuration(FunctionName=resources["TokenIssuerFunction"])["Layers"]
    with spare_function(
        stack,
        resources,
        sandbox_probe,
        Layers=[layer["Arn"] for layer in layers],
        MemorySize=512,
        Timeout=PROBE_TIMEOUT,
    ) as function:
        yield lambda event: json.loads(
            aws("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())["Payload"].read()
        )


@pytest.fixture(scope="module")
def sandbox(probe: Callable[[dict[str, str]], dict[str, Any]]) -> dict[str, Any]:
    """Return what the function sees of its path and its modules."""
    return probe({})


@pytest.fixture(scope="module")
def idle(probe: Callable[[dict[str, str]], dict[str, Any]]) -> tuple[dict[str, float], float]:
    """Return how long a sandbox was idle by each clock, and its first deadline less a Date."""
    first = probe({"probe": "clocks"})
    time.sleep(IDLE)
    second = probe({"probe": "clocks"})
    if first["sandbox"] != second["sandbox"]:
        pytest.skip("another sandbox answered the second time: run it again")
    dates = [parsedate_to_datetime(each["date"]).timestamp() for each in (first, second)]
    passed = {name: second[name] - first[name] for name in ("wall", "monotonic")}
    passed |= {"deadline": (second["deadline"] - first["deadline"]) / 1000, "date": dates[1] - dates[0]}
    return passed, first["deadline"] / 1000 - PROBE_TIMEOUT - dates[0]


@pytest.mark.on_aws_alone("the emulator freezes nothing")
def test_the_deadline_says_how_long_a_sandbox_was_idle(idle: tuple[dict[str, float], float], observe: Observe) -> None:
    """Two minutes between two invocations pass by the deadline as by DynamoDB's Date, whatever the clocks do (R47)."""
    passed, ahead = idle
    observe(deadline_ahead_of_date=round(ahead, 3), **passed)
    assert abs(passed["deadline"] - passed["date"]) < SKEW + 1
    assert abs(ahead) < SKEW + 1


@pytest.mark.on_aws_alone("the emulator freezes nothing")
@pytest.mark.open_question("an age is the largest by four clocks: docs/authorizer.md")
@pytest.mark.parametrize("clock", ["wall", "monotonic"])
def test_a_clock_goes_on_in_a_frozen_sandbox(
    idle: tuple[dict[str, float], float], clock: str, observe: Observe
) -> None:
    """A sandbox's own clock counts the two minutes in which Lambda had frozen it (R47)."""
    passed, _ = idle
    observe(clock=clock, seconds=passed[clock], by_date=passed["date"])
    assert abs(passed[clock] - passed["date"]) < SKEW + 1


@pytest.mark.on_aws_alone("the emulator has no /opt, and runs on this machine's Python")
def test_the_layers_come_before_the_runtimes_own_packages(sandbox: dict[str, Any], observe: Observe) -> None:
    """The function's code is found before its layers, and these before what Lambda brings: our boto3 is the one."""
    path: list[str] = sandbox["path"]
    observe(path=path, boto3=sandbox["boto3"], modules=sandbox["modules"])
    brought = [index for index, each in enumerate(path) if each.startswith("/var/") and "site-packages" in each]
    assert path.index("/var/task") < path.index("/opt/python")
    assert all(path.index("/opt/python") < index for index in brought)
    assert all(file.startswith("/opt/python/") for file in sandbox["modules"].values())


@pytest.mark.on_aws_alone("the emulator has no /opt, and runs on this machine's Python")
def test_byte_code_is_taken_without_a_look_at_the_source(
    stack: StackFile, sandbox: dict[str, Any], observe: Observe
) -> None:
    """The runtime is the one that the layers were compiled for and built for: no module is compiled at a start (P7)."""
    architecture = parameters_of(describe(stack.stack_name))["Architecture"]
    observe(python=sandbox["python"], machine=sandbox["machine"], not_taken=sandbox["not_taken"])
    assert sandbox["machine"] == MACHINES[architecture]
    assert sandbox["compiled"] > 0
    assert sandbox["not_taken"] == []


@pytest.fixture(scope="module")
def reports(stack: StackFile, resources: dict[str, str]) -> list[dict[str, Any]]:
    """Return Lambda's own reports of some refusals by exception and some decisions, one after another, from cold."""
    token, function = get_token(stack), resources["AuthorizerFunction"]
    with platform_reports(function):
        begun = wall_seconds() - 5
        for _ in range(REFUSALS):
            call(stack.apis["rest_token"], "not-a-token")
        for _ in range(DECISIONS):
            call(stack.apis["http"], token)

        def read() -> list[dict[str, Any]]:
            events = read_events(resources["AuthorizerLogGroup"], begun)
            return [event["record"]["metrics"] for event in events if event.get("type") == "platform.report"]

        found, _ = eventually(read, lambda found: len(found) >= REFUSALS + DECISIONS, seconds=180, pause=5)
    return found


@pytest.mark.on_aws_alone("the emulator writes no reports")
def test_a_cold_start_fits_into_the_timeout(reports: list[dict[str, Any]], observe: Observe) -> None:
    """A cold start of the authorizer and its first decision take less than the function's 3 s (R61)."""
    cold = [report for report in reports if "initDurationMs" in report]
    warm = [report["durationMs"] for report in reports if "initDurationMs" not in report]
    observe(
        init_ms=[report["initDurationMs"] for report in cold],
        first_ms=[report["durationMs"] for report in cold],
        warm_ms=f"median {statistics.median(warm):.1f}, longest {max(warm):.1f}" if warm else "none",
        billed_ms=statistics.median([report["billedDurationMs"] for report in reports]) if reports else "none",
        memory_mb=max((report["maxMemoryUsedMB"] for report in reports), default=0),
    )
    assert cold
    assert all(report["initDurationMs"] + report["durationMs"] < 3000 for report in cold)


@pytest.mark.on_aws_alone("the emulator writes no reports")
@pytest.mark.open_question(
    "docs/adr/0042-the-authorizer-reads-during-init.md assumes that Lambda does not throttle the init"
)
def test_the_work_of_a_start_is_cheaper_in_the_init(reports: list[dict[str, Any]], observe: Observe) -> None:
    """The first decision takes less than the init before it, which connects and reads the keys (P5)."""
    cold = [report for report in reports if "initDurationMs" in report]
    if not cold:
        pytest.skip("no cold start was reported")
    warm = [report["durationMs"] for report in reports if "initDurationMs" not in report]
    observe(
        init_ms=[report["initDurationMs"] for report in cold],
        first_ms=[report["durationMs"] for report in cold],
        warm_ms=statistics.median(warm) if warm else "none",
    )
    assert all(report["durationMs"] < report["initDurationMs"] for report in cold)


@pytest.mark.on_aws_alone("the emulator writes no reports")
@pytest.mark.open_question("docs/scale.md assumes the billed duration")
def test_the_duration_of_a_cold_start_leaves_out_its_init(reports: list[dict[str, Any]], observe: Observe) -> None:
    """Duration begins after Init Duration, and Lambda bills the sum of both."""
    cold = [report for report in reports if "initDurationMs" in report]
    if not cold:
        pytest.skip("no cold start was reported")
    sums = [report["initDurationMs"] + report["durationMs"] for report in cold]
    billed = [report["billedDurationMs"] for report in cold]
    observe(init_and_duration_ms=sums, billed_ms=billed)
    assert all(0 <= bill - both <= 2 for bill, both in zip(billed, sums, strict=True))


@pytest.mark.on_aws_alone("the emulator ends an environment that raises")
def test_a_refusal_by_exception_costs_no_cold_start(reports: list[dict[str, Any]], observe: Observe) -> None:
    """The exception `Unauthorized` ends no environment: what follows it is a warm decision (R57)."""
    cold = sum("initDurationMs" in report for report in reports)
    observe(invocations=len(reports), cold_starts=cold, refusals=REFUSALS)
    assert len(reports) >= REFUSALS + DECISIONS
    assert 0 < cold < REFUSALS


@pytest.mark.on_aws_alone("the emulator writes lines of its own")
def test_only_what_we_write_is_logged(resources: dict[str, str], observe: Observe) -> None:
    """SystemLogLevel WARN keeps START and REPORT lines out of the issuer's log (P11)."""
    events = read_events(resources["TokenIssuerLogGroup"])
    kinds = {str(event.get("type") or event.get("event") or "other") for event in events}
    observe(lines=len(events), kinds=kinds)
    assert "request" in kinds
    assert not kinds & {"platform.start", "platform.report", "platform.runtimeDone"}


def test_a_function_has_no_log_group_but_its_own(resources: dict[str, str], observe: Observe) -> None:
    """Lambda creates no log group /aws/lambda/…: the functions' roles lack the right to write there (R66)."""
    logs, functions = aws("logs"), [f"{name}Function" for name in FUNCTIONS]
    found = [
        name
        for name in functions
        if logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{resources[name]}")["logGroups"]
    ]
    observe(functions=len(functions), with_another_group=found)
    assert set(functions) == {name for name in resources if name.endswith("Function")}
    assert found == []
