"""Fixtures of the command's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_stack import command_stack
from tests.fakes.user_stack import UserStack, user_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[UserStack]:
    """Bring up a stack with a login in this folder."""
    monkeypatch.chdir(tmp_path)
    with user_stack(tmp_path) as made:
        yield made


@pytest.fixture
def plain_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack in this folder."""
    monkeypatch.chdir(tmp_path)
    with command_stack(tmp_path):
        yield
