"""The ports of the embedded stack."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from local.ports import ANY_PORTS, Ports, choose_ports

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_the_ports_of_the_last_run_are_taken_again(tmp_path: Path) -> None:
    """A second start takes the same ports, so that the issuer stays the issuer, without a remark."""
    first, _ = choose_ports(tmp_path / "ports.json", ANY_PORTS)
    second, remarks = choose_ports(tmp_path / "ports.json", ANY_PORTS)

    assert first == second
    assert 0 not in (first.issuer, first.apis, first.emulator)
    assert remarks == ()


def test_a_port_that_is_taken_is_replaced_and_remarked(tmp_path: Path) -> None:
    """A port of another program is left alone; a remark names the part and its new port."""
    with socket.socket() as somebody_else:
        somebody_else.bind(("127.0.0.1", 0))
        somebody_else.listen()
        taken = somebody_else.getsockname()[1]
        ports, remarks = choose_ports(
            tmp_path / "ports.json", Ports(issuer=taken, apis=0, app=0, emulator=0, containers=0)
        )

    assert ports.issuer != taken
    assert remarks == (f"port {taken} is taken: the issuer moves to {ports.issuer}",)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"issuer": 1}'])
def test_a_damaged_memory_is_none(tmp_path: Path, content: str) -> None:
    """An unreadable file of ports counts as a missing one."""
    (tmp_path / "ports.json").write_text(content)

    ports, _ = choose_ports(tmp_path / "ports.json", ANY_PORTS)
    assert ports.issuer > 0
