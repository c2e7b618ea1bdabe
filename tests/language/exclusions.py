"""Lists the sentences, tables and files that the check leaves out, each with its reason."""

from __future__ import annotations

from typing import NamedTuple

MAX_EXCEPTIONS = 20


class Accepted(NamedTuple):
    """A sentence that may stay as it is."""

    path: str
    sentence: str
    reason: str


EXCEPTIONS: tuple[Accepted, ...] = ()

# The tables of these pages are not judged; the prose around them is.
TABLES_OUT = {
    "docs/requirements.md": "rules as the standards state them, and names of tests that `make requirements` writes",
    "docs/verifier.md": "the table of guards, which `make requirements` writes",
    "docs/conformance.md": "sentences of the specifications, which `make requirements` writes",
    "docs/benchmarks.md": "figures that `make bench` writes",
    "docs/scale.md": "figures that `make bench` writes",
}

# Files that hold no prose of this project.
FILES_OUT = {
    "functions/login/pages/texts.py": "texts of the pages, for users: their own tests judge them",
}
