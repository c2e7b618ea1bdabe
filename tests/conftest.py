"""How many examples the properties try: a few in `make test`; in `make fuzz`, a million of the verifier's in all.

None has a deadline: how long an example takes is the machine's matter, and what is bounded has a test that counts.
The hooks keep runs short: imports and garbage collection take a third of the time.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages.run_by import PageBlocks

settings.register_profile("short", deadline=None)
settings.load_profile("short")
# Examples of each of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)

_SCHEMATHESIS = "schemathesis.pytest.plugin"


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Load the plugin of schemathesis for the two files that need it: its import takes longer than most files."""
    if module_path.name == "test_openapi.py":
        parent.config.pluginmanager.import_plugin(_SCHEMATHESIS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test an id of its own, and fail if two share one: the distribution by file runs one test an id.

    schemathesis names its tests by endpoint, and leaves their ids alike.
    """
    for item in items:
        if not item.nodeid.endswith(item.name):
            item._id = replace(item.id, params=item.name.partition("[")[2].removesuffix("]"))
    shared = [each for each, count in Counter(item.nodeid for item in items).items() if count > 1]
    if shared:
        raise pytest.UsageError(f"tests share an id, and some of them would not run: {shared}")


def pytest_collection_finish() -> None:
    """Keep what boto3 sets up, where a test imports it: other runs, such as those of the guards, start sooner.

    The imported modules live as long as the run. The garbage collector would read them again every few tests.
    """
    if "botocore" in sys.modules:
        from tests.fakes.kept_setups import keep_setups

        keep_setups()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def page_blocks(request: pytest.FixtureRequest) -> Iterator[PageBlocks]:
    """Return the blocks of the pages that name this test, which has to run each of them."""
    from tests.pages.run_by import PageBlocks

    blocks = PageBlocks(request.node.nodeid.partition("[")[0])
    yield blocks
    blocks.check_that_all_ran()
