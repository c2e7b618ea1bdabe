"""An emulator without a stack: what is pinned here is the emulator's own behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.emulator import Emulator
from local.ports import ANY_PORTS, choose_ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Return a running emulator with a state of its own."""
    directory = tmp_path_factory.mktemp("emulator")
    ports, _ = choose_ports(directory / "ports.json", ANY_PORTS)
    with Emulator(directory / "local", ports.emulator) as running:
        yield running
