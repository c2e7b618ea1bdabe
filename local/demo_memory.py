"""The credentials of the demo, in a private file: each state of the emulator has its own."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from local.stack_file import write_private_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import DataclassInstance

    Credentials = TypeVar("Credentials", bound=DataclassInstance)


def remembered(memory: Path, kind: type[Credentials], make: Callable[[], Credentials]) -> Credentials:
    """Return the credentials in the file; without the file, make them and write it."""
    try:
        return kind(**json.loads(memory.read_text()))
    except FileNotFoundError:
        made = make()
        remember(memory, made)
        return made


def remember(memory: Path, credentials: DataclassInstance) -> None:
    """Write the credentials for the owner of the file alone."""
    write_private_file(memory, json.dumps(asdict(credentials)))
