"""Contracts about imports, as `pyproject.toml` states them."""

from __future__ import annotations

import logging.config
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]


def test_every_import_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts in pyproject.toml hold over the whole code."""
    # The linter's own set-up of logging disables all loggers that exist, those of later tests among them.
    monkeypatch.setattr(logging.config, "dictConfig", lambda config: None)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS
