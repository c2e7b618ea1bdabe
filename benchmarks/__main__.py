"""Measure the authorizer and the issuer beside their goals and their peers."""

from __future__ import annotations

import argparse
import sys

from benchmarks import pages
from benchmarks.progress import done
from benchmarks.reports import REPORTS
from benchmarks.run import Run
from keyturn.adapters.aws.system_clock import wall_seconds


def main(arguments: list[str]) -> int:
    """Print the reports of these names, or all of them and write the pages; return the exit code."""
    names = _parser().parse_args(arguments).names
    if unknown := [name for name in names if name not in REPORTS]:
        print(f"keyturn: no report is named {', '.join(unknown)}: {_choice()}", file=sys.stderr)
        return 2
    finished = {}
    with Run(wall_seconds()) as run:
        for name in names or REPORTS:
            finished[name] = REPORTS[name](run)
            done()
            print(f"\n{finished[name]}", flush=True)
        if not names:
            pages.write(run, finished)
            print(f"\nwritten: {', '.join(path.name for path in (pages.BENCHMARKS, pages.SCALE, pages.PICTURE))}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench",
        usage='make bench [ONLY="NAME ..."]',
        description="Measure authorizer and issuer beside goals and peers. Without ONLY, write docs/benchmarks.md, "
        "docs/benchmarks.png and docs/scale.md.",
        epilog=f"The names are {', '.join(REPORTS)}.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a report to print; no page is written")
    return parser


def _choice() -> str:
    names = list(REPORTS)
    return f'make bench ONLY="{" ".join(names[:2])}", of {", ".join(names)}'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
