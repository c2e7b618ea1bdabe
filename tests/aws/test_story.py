"""The demo on AWS, from the first token to the emergency."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from local.demo import run_demo
from local.progress import Progress
from tests.aws.stack import describe, parameters_of

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe


@pytest.mark.by_mode
def test_the_story(stack: StackFile, observe: Observe) -> None:
    """Token, scope, rotation, revocation and emergency go as they must on each kind of API (R28, R47, R57, I8)."""
    mode = parameters_of(describe(stack.stack_name))["RevocationMode"]
    told = io.StringIO()
    went_well = run_demo(stack, Progress(told))
    lines = [" ".join(line.split()) for line in told.getvalue().splitlines()]
    observe(
        mode=mode,
        steps=sum(line.endswith((" ok", " DIFFERS")) for line in lines),
        otherwise=[line for line in lines if "DIFFERS" in line or "ends here" in line],
        waited=[line for line in lines if " after " in line or "wait " in line],
    )
    assert went_well, told.getvalue()
