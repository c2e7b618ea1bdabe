"""Chromium's view of the sample pages, in both themes and at both widths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fakes.node_script import run_script

THEMES = ("light", "dark")
WIDTHS = (320, 1440)
_FOLDER = Path(__file__).parent / "javascript"


def view_pages(
    tools: tuple[str, str],
    origin: str,
    pages: Sequence[str],
    *,
    actions: Sequence[str],
    themes: Sequence[str] = THEMES,
    widths: Sequence[int] = WIDTHS,
    folder: str = "",
) -> list[dict[str, Any]]:
    """Return one entry for each page, theme and width, with the result of each action and all requests.

    `tools` are the paths of Node and Chromium; raises AssertionError with what the script printed.
    """
    question = {
        "executable": tools[1],
        "origin": origin,
        "pages": list(pages),
        "themes": list(themes),
        "widths": list(widths),
        "actions": list(actions),
        "folder": folder,
    }
    views: list[dict[str, Any]] = run_script(tools[0], _FOLDER / "pages.mjs", question, timeout=600)
    return views
