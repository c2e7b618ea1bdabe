"""Commands and paths in the prose of the pages: each names what exists."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pytest
import typer.main

from keyturn_cli.app import app
from local.__main__ import build_parser
from tests.pages.fences import ROOT, commands_of, inline_codes, page_names

PAGES = page_names()
_KEYTURN = re.compile(r"(?:^|\| |\$\()(?:\.venv/bin/)?keyturn ([^|;)]+)")
_LOCAL = re.compile(r"(?:^|\$\()(?:\.venv/bin/)?python -m local ([^|;)]+)")
_MAKE = re.compile(r"^make ([^#|;]+)")
_PATH = re.compile(
    r"(?:\.ci|\.github|benchmarks|cli|docs|events|examples|functions|layers|local|requirements|tests)/[\w./*-]+"
)


def texts(page: str) -> list[str]:
    """Return the inline codes of a page, and each line of its commands."""
    lines = [re.sub(r"\\\n\s*", "", fence.text).splitlines() for fence in commands_of(page)]
    return inline_codes(page) + [line.strip() for block in lines for line in block]


def found(pattern: re.Pattern[str]) -> list[Any]:
    """Return the arguments of a command wherever a page has it."""
    seen = dict.fromkeys(
        (page, words.strip()) for page in PAGES for text in texts(page) for words in pattern.findall(text)
    )
    return [pytest.param(words.split(), id=f"{page}: {words}") for page, words in seen]


@pytest.mark.parametrize("words", found(_KEYTURN))
def test_a_command_of_the_operator_exists(words: list[str]) -> None:
    """Groups, commands and options are those of the real parser."""
    command: Any = typer.main.get_command(app)
    options: set[str] = set()
    for word in words:
        options |= {name for parameter in command.params for name in parameter.opts} | {"--help"}
        if hasattr(command, "commands") and not word.startswith("-"):
            command = command.commands[word]
    options |= {name for parameter in command.params for name in parameter.opts}
    # A page may name an option of a group's commands: `keyturn clients … --claim`.
    assert {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"} <= options


@pytest.mark.parametrize("words", found(_LOCAL))
def test_a_command_of_the_embedded_stack_exists(words: list[str]) -> None:
    """Commands and options are those of the real parser."""
    parser = build_parser()
    [commands] = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    own = parser if words[0].startswith("-") else commands.choices[words[0]]
    assert {word for word in words if word.startswith("--")} <= set(own._option_string_actions)


@pytest.mark.parametrize("words", found(_MAKE))
def test_a_target_of_make_exists(words: list[str]) -> None:
    """Each target is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    targets = [word for word in " ".join(words).split(" ") if re.fullmatch(r"[a-z][a-z-]*", word)]
    rules = {name for line in re.findall(r"^([a-z][a-z -]*):", makefile, re.MULTILINE) for name in line.split()}
    assert set(targets) <= rules


# A decision and the changelog keep the paths of their day.
@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(("docs/adr/", "CHANGELOG"))])
def test_a_path_in_prose_exists(page: str) -> None:
    """Each path between backticks that begins in a folder of the repository is there."""
    named = {code.rstrip("/") for code in inline_codes(page) if _PATH.fullmatch(code)}
    assert [path for path in named if not any(ROOT.glob(path))] == []
