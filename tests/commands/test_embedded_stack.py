"""The commands of the pages that start a stack of their own, in a fresh checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages.checkout import Checkout

if TYPE_CHECKING:
    from tests.pages.run_by import PageBlocks


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a fresh checkout."""
    (root := tmp_path / "keyturn").mkdir()
    return Checkout(root)


def test_the_demo_ends_by_itself(checkout: Checkout, page_blocks: PageBlocks) -> None:
    """The demo runs on a stack that it starts and stops."""
    printed = page_blocks.run(checkout.root, checkout.environment)
    assert "Demo passed: each step had its expected result." in printed


def test_the_facts_hold_on_an_embedded_stack(checkout: Checkout, page_blocks: PageBlocks) -> None:
    """R47: the facts that an emulator can show hold in both modes, and each report names the emulator."""
    folder = checkout.root / "build" / "verification"
    for mode in ("snapshot", "strict"):
        earlier = {*folder.glob("*.md")}
        page_blocks.run(checkout.root, checkout.environment)
        [report] = [path.read_text() for path in {*folder.glob("*.md")} - earlier]
        assert f"| RevocationMode | {mode} |" in report
        assert "an emulator answered, so this says nothing of AWS" in report
