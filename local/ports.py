"""The ports of the embedded stack: those of the last run, as long as they are free."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ports:
    """One port each on loopback, and one for containers; 0 asks for any that is free."""

    issuer: int
    apis: int
    app: int
    emulator: int
    containers: int


DEFAULT_PORTS = Ports(issuer=8480, apis=8481, app=8482, emulator=4580, containers=4581)
ANY_PORTS = Ports(issuer=0, apis=0, app=0, emulator=0, containers=0)


def choose_ports(memory: Path, preferred: Ports) -> tuple[Ports, tuple[str, ...]]:
    """Return free ports, those of the last run if possible, and a remark about each that had to change."""
    wanted = _recall(memory) or preferred
    chosen, remarks = {}, []
    for name, port in asdict(wanted).items():
        chosen[name] = port if port and _is_free(port) else find_free_port()
        if port and chosen[name] != port:
            remarks.append(f"port {port} is taken: the {name} moves to {chosen[name]}")
    memory.write_text(json.dumps(chosen))
    return Ports(**chosen), tuple(remarks)


def _recall(memory: Path) -> Ports | None:
    try:
        return Ports(**json.loads(memory.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
    return port
