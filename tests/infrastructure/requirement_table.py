"""From each requirement to the tests that name it: `python -m tests.infrastructure.requirement_table` writes the page.

The page itself holds the requirements; its column of tests is made from their docstrings, so that it cannot drift.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
NOT_BUILT = "not built yet"

_ROW = re.compile(r"^\| ([RAGI]\d+) \| (.*) \| [^|]* \|$", re.MULTILINE)
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


def find_proofs() -> dict[str, Counter[str]]:
    """Return, by requirement, how many tests of which file name it."""
    proofs: dict[str, Counter[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for requirement in named_ids(ast.get_docstring(node) or ""):
                    proofs.setdefault(requirement, Counter())[path.relative_to(ROOT / "tests").as_posix()] += 1
    return proofs


def render(page: str, proofs: dict[str, Counter[str]]) -> str:
    """Return the page with its column of proofs as the tests have it."""

    def row(match: re.Match[str]) -> str:
        files = proofs.get(match[1], Counter())
        proof = ", ".join(f"{file} ({count}{_where(file)})" for file, count in sorted(files.items())) or NOT_BUILT
        return f"| {match[1]} | {match[2]} | {proof} |"

    return _ROW.sub(row, page)


def _where(file: str) -> str:
    return ", on AWS" if file.startswith("aws/") else ""


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(), find_proofs()))
