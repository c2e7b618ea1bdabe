"""Lines on standard error that say what a long run does now."""

from __future__ import annotations

import sys


def say(what: str) -> None:
    """Print what begins; on a terminal it replaces the line before."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
    else:
        print(what, file=sys.stderr, flush=True)


def done() -> None:
    """Clear the line."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
