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
