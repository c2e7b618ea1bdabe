"""The blocks of the pages that tests of their own run, by the mark `<!-- run by: TEST -->`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.pages.fences import Fence, commands_of, page_names
from tests.pages.shell import PageFailed, redacted

if TYPE_CHECKING:
    from pathlib import Path


def blocks_run_by_tests() -> list[Fence]:
    """Return the blocks of all pages whose mark names a test."""
    return [fence for page in page_names() for fence in commands_of(page) if fence.test is not None]


class PageBlocks:
    """The blocks whose mark names one test, which takes them in their order; the fixture `page_blocks` returns them."""

    def __init__(self, test: str) -> None:
        self._waiting = [fence for fence in blocks_run_by_tests() if fence.test == test]
        assert self._waiting, f"no block of a page has the mark `<!-- run by: {test} -->`"

    def take(self) -> Fence:
        """Return the next block, which the test runs."""
        return self._waiting.pop(0)

    def run(
        self, folder: Path, environment: Mapping[str, str], typed: str = "", replaced: tuple[str, str] = ("", "")
    ) -> str:
        """Run the next block, and return what it prints; raises PageFailed.

        `replaced` is a value that the page shows, and the one in place of it.
        """
        block = self.take()
        assert replaced[0] in block.text
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", block.text.replace(*replaced)],
            cwd=folder,
            env=dict(environment),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PageFailed(redacted(f"{block.name}: exit code {done.returncode}\n{done.stdout}{done.stderr}"))
        return done.stdout

    def check_that_all_ran(self) -> None:
        """Fail if the test has left out a block that names it."""
        assert not self._waiting, f"the test leaves out {[block.name for block in self._waiting]}"
