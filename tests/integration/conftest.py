"""One embedded stack for all integration tests of a worker, started by the code that `make run` starts it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.stack_file import StackFile


# What loads several processors or counts on time-outs: one worker runs these files one after the other.
BUSY = {"test_revocation_bound", "test_rotation_under_traffic", "test_unprocessed_keys", "test_user_flow"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests of a file on one worker, and those of busy files on the same one (`--dist loadgroup`)."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("busy" if item.path.stem in BUSY else item.path.stem))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFile]:
    """Return a stack with a state, ports and a demo client of its own; it may run beside that of `make run`."""
    with EmbeddedStack(tmp_path_factory.mktemp("local"), ports=ANY_PORTS) as running:
        yield running
