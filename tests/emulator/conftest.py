"""An emulator without a stack: what is pinned here is the emulator's own behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.container_gateway import HOST
from local.emulator import Emulator
from local.ports import ANY_PORTS, Ports, choose_ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Ports:
    """Return the ports of the emulator and of a container gateway."""
    chosen, _ = choose_ports(tmp_path_factory.mktemp("ports") / "ports.json", ANY_PORTS)
    return chosen


@pytest.fixture(scope="session")
def emulator(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Return a running emulator with a state of its own, started as the embedded stack starts it."""
    directory = tmp_path_factory.mktemp("emulator")
    with Emulator(directory / "local", ports.emulator, (f"{HOST}:{ports.containers}",)) as running:
        yield running
