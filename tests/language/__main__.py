"""`python -m tests.language PATH...`: lists the sentences that break a rule of language."""

from __future__ import annotations

import gc
import sys

from tests.language.check import find_faults, known_files


def main(paths: list[str]) -> int:
    """Print one line for each fault; return 1 where there is one."""
    gc.disable()  # a syntax tree has many objects and few cycles
    count = 0
    for fault in find_faults(known_files(paths)):
        print(f"{fault.path}:{fault.line}: {fault.rule}: {fault.sentence}")
        count += 1
    print(f"{count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
