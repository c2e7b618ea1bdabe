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


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one line for each field that there is: a list between spaces, a mapping as JSON."""
    shown = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        if isinstance(value, dict):
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        else:
            text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        typer.echo(f"{name:<{width}}  {text}")


def format_time(seconds: float | None) -> str:
    """Return a time in UTC to the second, or a dash."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
