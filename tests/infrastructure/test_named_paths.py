"""The files and folders that pages name in backticks, compared with the repository."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.language.check import known_files

ROOT = Path(__file__).parents[2]
TRACKED = frozenset(known_files())
KNOWN = TRACKED | {str(folder) for path in TRACKED for folder in PurePosixPath(path).parents}
TOP = frozenset(path.partition("/")[0] for path in TRACKED)
# A page may name a file by the end of its path, as in `jose/verify.py`.
ENDS = frozenset("/".join(path.split("/")[start:]) for path in KNOWN for start in range(path.count("/") + 1))
PAGES = sorted(path for path in TRACKED if path.endswith(".md"))
CODE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*)/?`")
SOURCE = re.compile(r"\.(?:py|mjs|md|ya?ml|toml|json|css|mk|in|lock|sh)$")
# Files that a command writes, or that a reader makes.
WRITTEN = {
    ".local/stack.json": "the running stack writes it",
    "stack.json": "the running stack writes it into .local",
    ".local/sam_local.json": "`make events` writes it",
    "my-rules.json": "the reader's own rules",
    "my-api/template.yaml": "the reader's own copy of an example",
    "KeyturnLayer.cdx.json": "`make build` writes it",
    "wheel.cdx.json": "`make dist` writes it",
    "licences.md": "`make build` writes it",
}


def named_paths(text: str) -> set[str]:
    """Return what looks like a path of this repository: below one of its folders, or with a source's ending."""
    found = set(CODE.findall(text))
    return {path for path in found if ("/" in path and path.split("/")[0] in TOP) or SOURCE.search(path)}


def missing_paths(page: str, text: str) -> set[str]:
    """Return the named paths that are nowhere; a page in a folder may name its neighbours."""
    folder = PurePosixPath(page).parent
    return {
        path
        for path in named_paths(text)
        if path not in ENDS and path not in WRITTEN and str(folder / path) not in KNOWN
    }


@pytest.mark.parametrize("page", PAGES)
def test_each_path_that_a_page_names_is_there(page: str) -> None:
    """A moved or deleted file is found in every page that still names it."""
    assert missing_paths(page, (ROOT / page).read_text()) == set()


def test_a_missing_path_is_found() -> None:
    """A deleted file and a deleted folder are found; a URL, a command and a written file are left out."""
    text = "`tests/gone.py` `local/gone/` `gone.md` `/login/consent` `make run` `.local/stack.json` `jose/verify.py`"
    assert missing_paths("docs/keys.md", text) == {"tests/gone.py", "local/gone", "gone.md"}


def test_each_exception_is_used() -> None:
    """A written file that no page names any more leaves the list."""
    named = set().union(*(named_paths((ROOT / page).read_text()) for page in PAGES))
    assert set(WRITTEN) <= named
