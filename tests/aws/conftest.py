"""The one stack that the facts are asserted on: KEYTURN_AWS_STACK names it. Without it nothing here is collected."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.aws import markers
from tests.aws.patience import eventually
from tests.aws.recorder import Recorder
from tests.aws.run import describe_run
from tests.aws.stack import aws, describe, find_verified, open_stack, parameters_of
from tests.integration.http import statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

STACK = os.environ.get("KEYTURN_AWS_STACK", "")
_RECORDER = "keyturn-recorder"
# The demo comes first. Then come facts that change nothing, those that break the stack for a while, and its end.
_FIRST = ("test_story",)
_LAST = ("test_logs", "test_schedule", "test_failure", "test_deletion")

if not STACK:
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> str | None:
    """Say why nothing is collected."""
    return None if STACK else "tests/aws: nothing is collected without KEYTURN_AWS_STACK; see make verify-aws"


def pytest_configure(config: pytest.Config) -> None:
    """Write a report if KEYTURN_AWS_REPORT says where."""
    config.pluginmanager.register(markers)
    for marker in markers.MARKERS:
        config.addinivalue_line("markers", marker)
    path = os.environ.get("KEYTURN_AWS_REPORT")
    if path:
        config.pluginmanager.register(Recorder(Path(path), describe_run(os.environ)), _RECORDER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests, and leave out what this endpoint cannot show."""
    items.sort(key=_place)
    markers.leave_out_facts_of_aws(config, items)


def _place(item: pytest.Item) -> int:
    """Put the demo first, then harmless facts, failures, deletion."""
    module = item.path.stem
    if module in _FIRST:
        return -1
    return 1 + _LAST.index(module) if module in _LAST else 0


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> StackFile:
    """Return the stack once its APIs answer."""
    stack = open_stack(STACK)
    recorder = request.config.pluginmanager.get_plugin(_RECORDER)
    if isinstance(recorder, Recorder):
        recorder.run.parameters = parameters_of(describe(STACK))
        recorder.run.secrets |= {stack.client_secret, aws("sts").get_caller_identity()["Account"]}
    # An API that was deployed a moment ago is not everywhere yet.
    eventually(lambda: set(statuses(stack, None).values()), lambda seen: seen == {401}, seconds=60)
    return stack


@pytest.fixture(scope="session")
def resources(stack: StackFile) -> dict[str, str]:
    """Return the physical ids of the stack's resources by their logical ids."""
    return find_verified(stack.stack_name)


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Observe:
    """Return what notes observations of this fact for the report."""

    def note(**values: object) -> None:
        request.node.user_properties.extend(values.items())

    return note
