"""From each requirement to the tests that name it: `python -m tests.infrastructure.requirement_table` writes both.

The page holds the requirements and their order. The docstrings of the tests give its states and counts, and the file
beside it, which names each test file: neither can drift from the tests.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
DATA = PAGE.with_suffix(".json")

_ROW = re.compile(r"^\| ([RAGI]\d+) \| (.*) \| [^|]* \| [^|]* \|$", re.MULTILINE)
_RANGE = re.compile(r"\b([RAGI])(\d+)(?: to |-|–)\1(\d+)\b")
_ID = re.compile(r"\b[RAGI]\d{1,2}\b")


def named_ids(docstring: str) -> set[str]:
    """Return the requirements that a docstring names; "R20 to R27" names eight."""
    ranges = {
        f"{kind}{number:02}" if kind == "R" else f"{kind}{number}"
        for kind, first, last in _RANGE.findall(docstring)
        for number in range(int(first), int(last) + 1)
    }
    return ranges | set(_ID.findall(docstring))


@cache
def find_proofs() -> dict[str, Counter[str]]:
    """Return, by requirement, how many tests of which file name it."""
    proofs: dict[str, Counter[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for requirement in named_ids(ast.get_docstring(node) or ""):
                    proofs.setdefault(requirement, Counter())[path.relative_to(ROOT / "tests").as_posix()] += 1
    return proofs


def requirements(page: str) -> list[str]:
    """Return the ids of the requirements, in the page's order."""
    return [match[1] for match in _ROW.finditer(page)]


def render(page: str, proofs: dict[str, Counter[str]]) -> str:
    """Return the page with its states and counts as the tests have them."""

    def row(match: re.Match[str]) -> str:
        files = proofs.get(match[1], Counter())
        return f"| {match[1]} | {match[2]} | {_state(files)} | {_count(files)} |"

    return _ROW.sub(row, page)


def render_data(page: str, proofs: dict[str, Counter[str]]) -> str:
    """Return the test files of each requirement, with the number of their tests, as JSON."""
    files = {each: dict(sorted(proofs.get(each, Counter()).items())) for each in requirements(page)}
    return json.dumps(files, indent=2) + "\n"


def _state(files: Counter[str]) -> str:
    if not files:
        return "not built yet"
    return "tested, fact for AWS" if any(file.startswith("aws/") for file in files) else "tested"


def _count(files: Counter[str]) -> str:
    return f"{files.total()} in {len(files)} file{'' if len(files) == 1 else 's'}" if files else "–"


if __name__ == "__main__":
    before, found = PAGE.read_text(), find_proofs()
    PAGE.write_text(render(before, found))
    DATA.write_text(render_data(before, found))
