"""One embedded stack for all integration tests of a worker, started by the code that `make run` starts it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack with a state, ports and a demo client of its own; it may run beside that of `make run`."""
    with EmbeddedStack(tmp_path_factory.mktemp("local"), ports=ANY_PORTS) as running:
        yield running


# Files of several minutes start first: a worker that begins one last keeps the other waiting.
LONGEST = (
    "test_rotation_under_traffic.py",
    "test_revocation_bound.py",
    "test_rotator.py",
    "test_page_commands.py",
    "test_verification.py",
    "test_user_flow.py",
    "test_faults.py",
    "test_uninstall.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; `--no-loadscope-reorder` keeps this order on two workers."""
    rank = {name: position for position, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))
