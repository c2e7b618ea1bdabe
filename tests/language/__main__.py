"""Prints the faults of the prose below the given paths, or of all of it: `python -m tests.language PATH...`."""

from __future__ import annotations

import sys

from tests.language.project import findings

if __name__ == "__main__":
    found = list(findings(sys.argv[1:]))
    for each in found:
        print(each)
    print(f"{len(found)} faults", file=sys.stderr)
    sys.exit(bool(found))
