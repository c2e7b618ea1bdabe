"""The commands of the pages that need containers, as they are written there, in a fresh checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.http import call, get_token
from tests.pages.reader import start_reading
from tests.pages.shell import run_beside, wait_for_port
from tests.sam_local.conftest import PROCESSOR

if TYPE_CHECKING:
    from tests.pages.run_by import PageBlocks


def test_the_commands_for_containers_serve_the_example(tmp_path: Path, page_blocks: PageBlocks) -> None:
    """The function answers an event, and the example behind it answers 401, 403 and 200, as the page says."""
    invoke, serve = page_blocks.take().text, page_blocks.take().text
    commands = f"set -e\n{invoke}\n{serve}".replace("x86_64", PROCESSOR)
    # The build needs the settings of pip, and the image is there.
    given = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "DOCKER_"))}
    with (
        start_reading(tmp_path) as reader,
        run_beside(
            reader.checkout, commands, given | {"SAM_SKIP_PULL_IMAGE": "1", "SAM_CLI_TELEMETRY": "0"}
        ) as printed,
    ):
        wait_for_port(3000, printed)
        assert '"isAuthorized": true' in printed.read_text()
        token, url = get_token(reader.stack, scope="reports:read"), "http://127.0.0.1:3000/reports"
        assert call(url, None).status_code == 401
        assert call(url, token, "POST").status_code == 403
        assert call(url, token).status_code == 200
