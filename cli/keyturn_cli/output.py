"""What a person reads, or with --json a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer


def print_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, indent=2, sort_keys=True))


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Print the rows under a line of headings, each column as wide as it has to be."""
    widths = {column: max([len(column), *(len(row[column]) for row in rows)]) for column in columns}
    for row in ({column: column.upper() for column in columns}, *rows):
        typer.echo("  ".join(row[column].ljust(widths[column]) for column in columns).rstrip())


def format_time(seconds: float | None) -> str:
    """Return a time in UTC to the second, or a dash."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
