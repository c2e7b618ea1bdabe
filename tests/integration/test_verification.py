"""The facts that `make verify-aws` asserts on AWS, as far as an emulator can show them: so that they do not rot."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from local.stack_file import connect
from tests.aws.embedded import PARAMETERS, assert_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

# In snapshot mode the facts have tried strict mode as well, but for the demo.
STRICT = ("-m", "by_mode", "-k", "story or strict")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack as `make verify-aws EMBEDDED=1` starts it, in snapshot mode."""
    with EmbeddedStack(tmp_path_factory.mktemp("local"), ports=ANY_PORTS, parameters=PARAMETERS) as running:
        yield running


def test_every_fact_that_an_emulator_can_show_holds(stack: StackFile, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every fact in snapshot mode holds, but for those that AWS alone can show."""
    report = tmp_path_factory.mktemp("report") / "snapshot.md"
    assert assert_facts(stack, report) == 0
    text = report.read_text()
    assert "an emulator answered, so this says nothing of AWS" in text
    assert "| holds | statuses: http 401, rest_token 401, rest_request 401 |" in text
    assert "| holds | mode: snapshot; bound_seconds: 2;" in text
    assert "| holds | mode: strict; bound_seconds: 0;" in text
    assert "not seen: on AWS alone (the emulator evaluates no alarm)" in text
    assert "does not hold" not in text


def test_the_facts_about_revocation_hold_in_strict_mode(
    stack: StackFile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After an update of the parameter, the demo and the revocation expect a refusal at once (R47)."""
    update_mode(stack, "strict")
    report = tmp_path_factory.mktemp("report") / "strict.md"
    assert assert_facts(stack, report, STRICT) == 0
    text = report.read_text()
    assert "| RevocationMode | strict |" in text
    assert text.count("| holds | mode: strict;") == 2


def update_mode(stack: StackFile, mode: str) -> None:
    """Update the stack to another mode of revocation."""
    with contextlib.closing(connect(stack, "cloudformation")) as cloudformation:
        [described] = cloudformation.describe_stacks(StackName=stack.stack_name)["Stacks"]
        names = {each["ParameterKey"] for each in described["Parameters"]} - {"RevocationMode"}
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(names)]
        cloudformation.update_stack(
            StackName=stack.stack_name,
            UsePreviousTemplate=True,
            Parameters=[*kept, {"ParameterKey": "RevocationMode", "ParameterValue": mode}],
            Capabilities=["CAPABILITY_IAM"],
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName=stack.stack_name, WaiterConfig={"Delay": 1})
