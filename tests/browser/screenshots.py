"""`make screenshots`: every hosted page in every state, in both themes, at both widths, as files to look at."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.browser.page_samples import issuer_samples, page_samples
from tests.browser.page_server import serve_pages
from tests.browser.page_views import THEMES, WIDTHS, view_pages

# The pages that the documentation shows.
_SHOWN = ("sign-in", "consent", "account")


def main() -> None:
    """Write HTML and PNG files into a folder, which is made anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", action="append", help="only this page; may be repeated")
    parser.add_argument("--documentation", type=Path, help="copy the chief pages there")
    arguments = parser.parse_args()
    samples = page_samples() | issuer_samples()
    folder: Path = arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chosen = arguments.page or list(samples)
    for name in chosen:
        (folder / f"{name}.html").write_text(samples[name])
    chromium = os.environ.get("KEYTURN_CHROMIUM") or shutil.which("chromium")
    node = os.environ.get("KEYTURN_NODE") or shutil.which("node")
    if chromium is None or node is None:
        sys.exit("screenshots need Chromium and Node: make screenshots")
    with serve_pages(samples) as server:
        views = view_pages(
            (node, chromium), server.origin, chosen, actions=("layout", "screenshot"), folder=str(folder)
        )
    if arguments.documentation is not None:
        _copy(views, arguments.documentation)
    print(f"{len(views)} screenshots of {len(chosen)} pages: {len(THEMES)} themes, {len(WIDTHS)} widths, in {folder}")


def _copy(views: list[dict[str, Any]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for view in views:
        if view["page"] in _SHOWN:
            shutil.copy(view["screenshot"], folder)


if __name__ == "__main__":
    main()
