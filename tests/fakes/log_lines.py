"""The lines of a log as a test compares them: without the time of writing, which is checked."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

# The levels of Lambda's log-level filter that Keyturn writes.
LEVELS = ("INFO", "WARN", "ERROR")


def log_lines(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log in order; a line of an event has a level, and a time of RFC 3339 in UTC."""
    return [_line(json.loads(line)) for line in text.splitlines()]


def _line(line: dict[str, Any]) -> dict[str, Any]:
    if "_aws" in line:
        return line
    written = line.pop("timestamp")
    assert written.endswith("Z"), written
    assert datetime.fromisoformat(written).tzinfo is not None
    assert line["level"] in LEVELS
    return line
