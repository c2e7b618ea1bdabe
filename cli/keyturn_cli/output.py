"""The only place that prints: escaped lines for a person, or with --json ASCII for a program.

Names, ids, claims and messages come from tokens, documents, APIs and files that anybody may have written. A terminal
obeys control characters in them. A line end in them would forge a line of the command.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from typer.core import TyperGroup

from keyturn_cli.errors import describe_usage

# isprintable() accepts these and no terminal shows them: Default_Ignorable_Code_Point of Unicode, and blank Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# The most combining marks on one character; a terminal draws a longer pile over the lines above.
_MAX_MARKS = 4
_ROW_NAME_WIDTH = 10


def escape(text: str) -> str:
    r"""Return the text on one line, with each invisible character as \x1b, \u202e or \U000e0001.

    A backslash stays as it is: --json distinguishes it from an escape.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks_left = 0
    for character in text:
        if _is_mark(character):
            is_shown = marks_left > 0
            marks_left -= is_shown
        else:
            is_shown = character.isprintable()
            marks_left = _MAX_MARKS if is_shown and character != " " else 0
        shown.append(character if is_shown and not _INVISIBLE.match(character) else _escaped(character))
    return "".join(shown)


def escape_lines(text: str) -> str:
    """Return the text with its line feeds, and everything else escaped."""
    return "\n".join(map(escape, text.split("\n")))


def print_json(value: Any) -> None:
    """Print one JSON document in ASCII (RFC 8259 §7)."""
    typer.echo(json.dumps(value, indent=2, sort_keys=True))


def print_line(text: str = "", *, err: bool = False) -> None:
    """Print the text as one line, escaped; on standard error with `err`."""
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal's encoding may lack a character: the line must not fail after the work is done.
    typer.echo(escape(text).encode(encoding, "backslashreplace").decode(encoding), err=err)


def print_note(text: str) -> None:
    """Print a note on standard error."""
    print_line(f"note: {text}", err=True)


def print_notes(notes: Iterable[str]) -> None:
    """Print each note on standard error."""
    for note in notes:
        print_note(note)


def print_rows(rows: Mapping[str, str], *, err: bool = False) -> None:
    """Print one line for each name and its value."""
    for name, value in rows.items():
        print_line(f"{_pad(escape(name), _ROW_NAME_WIDTH)} {value}", err=err)


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Print the rows under a line of headings, each column as wide as its longest text."""
    headings = {column: column.upper() for column in columns}
    lines = [{column: escape(row[column]) for column in columns} for row in (headings, *rows)]
    widths = {column: max(_width(line[column]) for line in lines) for column in columns}
    for line in lines:
        print_line("  ".join(_pad(line[column], widths[column]) for column in columns).rstrip())


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one line for each field that has a value: a list between spaces, a mapping as JSON."""
    shown = {escape(name): value for name, value in fields.items() if value not in (None, "", [], {})}
    width = max(map(_width, shown), default=0)
    for name, value in shown.items():
        if isinstance(value, dict):
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        else:
            text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        print_line(f"{_pad(name, width)}  {text}")


def print_traceback() -> None:
    """Print the current exception on standard error as the interpreter does, but escaped."""
    for line in traceback.format_exc().rstrip("\n").split("\n"):
        print_line(line, err=True)


def confirm(question: str) -> None:
    """Ask a question on standard error; raises typer.Abort for anything but yes."""
    typer.confirm(escape(question), abort=True, err=True)


def ask(question: str) -> str:
    """Ask a question on standard error, and return the typed answer."""
    answer: str = typer.prompt(escape(question), err=True)
    return answer


def format_time(seconds: float | None) -> str:
    """Return a time in UTC to the second, or a dash."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


class OneLineErrors(TyperGroup):
    """The group of all commands: its usage errors, which repeat arguments, are one escaped line each."""

    def main(self, *arguments: Any, **named: Any) -> Any:
        """Run a command and exit, with 2 for wrong arguments and 1 for a question that is not confirmed."""
        try:
            sys.exit(super().main(*arguments, **named | {"standalone_mode": False}))
        except typer.TyperException as error:
            _print_usage_error(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            print_line("keyturn: the question was not confirmed, and all is unchanged: run the command again", err=True)
            sys.exit(1)


def _print_usage_error(error: typer.TyperException) -> None:
    message = error.format_message()
    # The error of a command without arguments is its help, which rich has printed already.
    if type(error).__name__ == "NoArgsIsHelpError":
        if message:
            typer.echo(escape_lines(message), err=True)
        return
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "keyturn"
    print_line(f"keyturn: {describe_usage(message, command)}", err=True)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me"}


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _width(text: str) -> int:
    """Return the columns of a terminal that an escaped text takes (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(0 if _is_mark(each) else 1 + (unicodedata.east_asian_width(each) in {"W", "F"}) for each in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
