"""Everything that the command prints passes one printer, which escapes what a terminal would obey or hide."""

from __future__ import annotations

import ast
import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import keyturn_cli
from keyturn_cli import app as command_line
from keyturn_cli import output
from keyturn_cli.output import escape, escape_lines, print_fields, print_json, print_line, print_rows, print_table

SOURCES = sorted(Path(keyturn_cli.__file__).parent.glob("*.py"))
# Control, format, surrogate, private use, unassigned; separators of words, lines and paragraphs.
UNSEEN = ("C", "Z")


def shows(character: str) -> bool:
    return character == " " or not unicodedata.category(character).startswith(UNSEEN)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders", "orders"),
        ("Größe 北京 \N{GRINNING FACE}", "Größe 北京 \N{GRINNING FACE}"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("\x7f\x80\x9b31m\x9f\xa0", "\\x7f\\x80\\x9b31m\\x9f\\xa0"),
        ("\u202a\u202e\u2066\u2069\u200e\u200f\u061c", "\\u202a\\u202e\\u2066\\u2069\\u200e\\u200f\\u061c"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\ud800\udcff", "\\ud800\\udcff"),
        ("pay\u200bpal\ufeff\u00ad", "pay\\u200bpal\\ufeff\\xad"),
        ("\u115f\u3164\uffa0\u2800", "\\u115f\\u3164\\uffa0\\u2800"),
        ("a\ufe0f\U000e0100\U000e0041", "a\\ufe0f\\U000e0100\\U000e0041"),
        ("\ue000\ufffe", "\\ue000\\ufffe"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        ("a \u0338", "a \\u0338"),
        ("a" + "\u0301" * 6, "a" + "\u0301" * 4 + "\\u0301" * 2),
        ("C:\\x1b", "C:\\x1b"),
    ],
)
def test_what_does_not_show_is_escaped(text: str, shown: str) -> None:
    """Controls, bidirectional and invisible characters, line ends and lone surrogates are escaped; letters stay."""
    assert escape(text) == shown


@given(st.text())
def test_an_escaped_text_is_one_line_that_shows(text: str) -> None:
    """Any text becomes one line of characters that show, and is not changed by a second time."""
    shown = escape(text)
    assert all(map(shows, shown))
    assert escape(shown) == shown
    assert shown.encode().decode() == shown


def test_every_character_is_escaped_by_its_unicode_category() -> None:
    """The unicodedata module says which of all code points show; the escape has the code point's own number."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        shown = escape("a" + character)[1:]
        assert shows(character) or shown != character, hex(code)
        assert shown == character or shown.endswith(f"{code:x}"), hex(code)


def test_lines_of_a_text_are_kept() -> None:
    """A build's output has lines of its own; everything else in it is escaped."""
    assert escape_lines("one\n\x1btwo\r\n") == "one\n\\x1btwo\\x0d\n"


def test_a_table_stays_straight(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as the escaped text is on a terminal, wide and combining characters included."""
    texts = ("plain", "\x1b[31mred", "北京", "e\u0301e\u0301", "a\nb")
    print_table(("name", "next"), [{"name": text, "next": "|"} for text in texts])
    heading, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(texts)
    assert {cell_len(line.partition("|")[0]) for line in lines} == {heading.index("NEXT")}


def test_fields_and_rows_stay_straight(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and values are escaped, lists and mappings too, and each field is one line."""
    print_fields({"\x1b": ["a\n", "b"], "claims": {"北\u202e": "\x9b"}, "none": None})
    print_rows({"n\x07": "v\x85", "北京": "|"})
    assert capsys.readouterr().out.splitlines() == [
        "\\x1b    a\\x0a b",
        'claims  {"北\\u202e": "\\x9b"}',
        "n\\x07      v\\x85",
        "北京       |",
    ]


def test_json_is_ascii_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets every character back, DEL, C1 controls and lone surrogates included, from ASCII (RFC 8259 §7)."""
    value = {"\x7f\x80": ["\x1b\x00", "\ud800", "\udc80\U000e0001", "\u2028"]}
    print_json(value)
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed) == value


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_line_is_written_whatever_the_terminal_can_show(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A character that the terminal's encoding lacks is an escape, and no failure after the work is done."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    print_line("revoked 北")
    sys.stdout.flush()
    assert written.getvalue().decode("utf-8") in {"revoked 北\n", "revoked \\u5317\n"}


NEW = ("--name", "a", "--audience", "a", "--scope", "a")
HOSTILE = "\x1b[2J\x9b1m\u202e\n\ud800"


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE],
        ["clients", HOSTILE],
        ["clients", "list", f"--{HOSTILE}"],
        ["clients", "list", HOSTILE],
        ["clients", "add", "--grant", HOSTILE],
        ["clients", "add", "--rate", HOSTILE],
        ["clients", "add", "--refresh-idle", HOSTILE],
        ["clients", "add", *NEW, "--jwks", f"/{HOSTILE[:-1]}"],
        ["clients", "add", *NEW, "--claim", f"{HOSTILE}=1", "--claim", f"{HOSTILE}=2"],
        ["uninstall", "keyturn", "--days", HOSTILE],
        ["rules", "explain", HOSTILE, "/"],
        ["rules", "check", f"/{HOSTILE}"],
        ["token", "decode", HOSTILE],
        ["keys", "compromise", "kid", "--reason", HOSTILE],
    ],
)
def test_a_usage_error_repeats_no_control_character(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """An argument that an error repeats is escaped."""
    printed = said(monkeypatch, capsys, *arguments)
    assert printed
    assert all(map(shows, printed.replace("\n", "")))
    # A line end of the argument's would begin a line with what follows it.
    assert not any(line.startswith(HOSTILE[-1]) for line in printed.splitlines())


@pytest.mark.parametrize("rich", [True, False])
def test_a_command_without_arguments_prints_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rich: bool
) -> None:
    """Help is the command's own text, and keeps its lines."""
    monkeypatch.setattr(command_line.app, "rich_markup_mode", "rich" if rich else None)
    assert len(said(monkeypatch, capsys, "clients").splitlines()) > 10


@pytest.mark.parametrize("fault", [ValueError, OSError, KeyError, RuntimeError])
def test_a_failure_says_what_it_is_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: type[Exception]
) -> None:
    """A failure is one escaped line, and a fault of the command itself an escaped traceback; both are exit code 1."""

    def fail(*_: object, **__: object) -> None:
        raise fault(HOSTILE)

    monkeypatch.setattr("keyturn_cli.clients.find_deployment", fail)
    printed = said(monkeypatch, capsys, "clients", "list")
    assert "x1b[2J" in printed
    assert all(map(shows, printed.replace("\n", "")))
    assert printed.startswith("keyturn: " if fault in (ValueError, OSError) else "Traceback")


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command printed before it stopped with a failure."""
    monkeypatch.setattr("sys.argv", ["keyturn", *arguments])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    printed = capsys.readouterr()
    assert stopped.value.code != 0
    return printed.out + printed.err + ("" if isinstance(stopped.value.code, int) else f"{stopped.value.code}\n")


def test_questions_are_escaped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A question may name what is stored."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\ny\n"))
    output.confirm("Remove \x1b?")
    assert output.ask("Type \x9b") == "y"
    assert "Remove \\x1b?" in (printed := capsys.readouterr().err)
    assert "Type \\x9b" in printed


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_only_one_module_prints(source: Path) -> None:
    """No other module of the command prints, asks or reaches for a stream of output."""
    forbidden = {"echo", "secho", "confirm", "prompt", "style", "print", "print_exc", "stdout", "stderr", "__stdout__"}
    used = {
        name
        for node in ast.walk(ast.parse(source.read_text()))
        for name in printing_names(node)
        if name in forbidden | {"__stderr__", "rich", "logging", "click", "progressbar", "launch"}
    }
    assert used == set() or source.name == "output.py"


def printing_names(node: ast.AST) -> set[str]:
    """Return by which names a node may print: an attribute of typer or sys, a builtin, an imported module."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return {node.attr} if node.value.id in {"typer", "sys", "traceback"} else set()
    if isinstance(node, ast.Name):
        return {node.id} & {"print"}
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        module = (node.module or "").partition(".")[0]
        return {module} | ({alias.name for alias in node.names} if module in {"typer", "sys"} else set())
    return set()


def test_the_guard_sees_each_way_to_print() -> None:
    """The walk over the sources finds a call of each kind."""
    ways = "typer.echo(a)", "print(a)", "sys.stdout.write(a)", "import rich", "from typer import echo", "import logging"
    for way in ways:
        assert any(printing_names(node) for node in ast.walk(ast.parse(way))), way
