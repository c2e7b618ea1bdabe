"""The markers of the facts: what AWS alone can show, and open questions, whose answer may be no."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.aws.run import is_on_aws

if TYPE_CHECKING:
    from collections.abc import Generator

ON_AWS_ALONE = "on_aws_alone"
OPEN_QUESTION = "open_question"
MARKERS = (
    f"{ON_AWS_ALONE}(reason): no emulator can show this fact, and why",
    f"{OPEN_QUESTION}(reason): nothing relies on the answer, and why it is asked",
    "by_mode: the expectation depends on the mode of revocation",
)
_MAX_REASON = 300


def reason_of(item: pytest.Item, marker: str) -> str | None:
    """Return the reason in a test's marker, or None."""
    mark = item.get_closest_marker(marker)
    return None if mark is None else str(mark.args[0])


def first_line(failure: object) -> str:
    """Return one line of a failure's message: the others hold the arguments of calls, and among them tokens."""
    text = str(failure).strip()
    return text.splitlines()[0][:_MAX_REASON] if text else "no reason given"


def leave_out_facts_of_aws(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what an emulator cannot show, if an emulator answers.

    An expression of `-m` chooses by itself: the code of such a fact may run on an emulator, whose report says that the
    fact was not seen.
    """
    if is_on_aws(os.environ) or config.getoption("markexpr"):
        return
    left_out = [item for item in items if reason_of(item, ON_AWS_ALONE) is not None]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Expect the failed assertion of an open question, whose answer may be no; a broken setup is still an error."""
    try:
        return (yield)
    except AssertionError as error:
        why = reason_of(pyfuncitem, OPEN_QUESTION)
        if why is None:
            raise
        pytest.xfail(f"{first_line(error)} (an open question: {why})")
