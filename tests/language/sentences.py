"""Prose of the project as sentences with their places.

Docstrings, comments, help texts and messages of Python; paragraphs, headings, list items and table cells of Markdown;
comments and descriptions of YAML, TOML, Makefiles and shell scripts. Inline code and a quotation count as one word.
A colon and a semicolon end a fact: the count of words starts again after them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_END = re.compile(r"(?<=[.!?])[\"'”)]*\s+(?=[\"'“(`*_\[]*[A-Z0-9`…{])")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|vs|etc|cf|No|St|approx)\.$")
_CODE = re.compile(r"`+[^`]*`+")
_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_URL = re.compile(r"https?://\S+")
# Calls whose texts people read: errors, help, and what a command prints.
_SPEAKING_CALLS = re.compile(
    r"(Error|Exception|Refused|Invalid\w*|Unsupported\w*|Fault|Unavailable|Denied|Unusable|echo|print|Option|Argument|Typer|secho|die|warn|note|say)$"
)
_SPEAKING_WORDS = {"help", "epilog", "short_help", "description"}


class Sentence(NamedTuple):
    """A sentence of a file at a line."""

    path: str
    line: int
    text: str


def sentences(path: Path, name: str) -> Iterator[Sentence]:
    """Yield the sentences of a file, whose kind its name says."""
    source = path.read_text(encoding="utf-8")
    for line, text in _texts(path, source):
        for sentence in split(text):
            yield Sentence(name, line, sentence)


def split(text: str) -> list[str]:
    """Return the sentences of a text, with its code, links and quotations each one word long."""
    plain = _LINK.sub(r"\1", text)
    plain = _CODE.sub("`code`", plain)
    plain = _QUOTATION.sub("“…”", plain)
    plain = _URL.sub("URL", plain)
    plain = re.sub(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", plain)
    parts = _END.split(re.sub(r"\s+", " ", plain).strip())
    found: list[str] = []
    for part in parts:
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] += f" {part}"
        elif part:
            found.append(part)
    return found


def _texts(path: Path, source: str) -> Iterator[tuple[int, str]]:
    if path.suffix == ".py":
        yield from _docstrings_and_messages(source)
        yield from _python_comments(source)
    elif path.suffix == ".md":
        yield from _markdown(source)
    else:
        yield from _line_comments(source, path.suffix in {".yaml", ".yml"})


def _docstrings_and_messages(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield from _paragraphs(docstring, node.body[0].lineno)
        elif isinstance(node, ast.Call) and _SPEAKING_CALLS.search(_name(node.func)):
            yield from (_message(argument) for argument in node.args if _is_text(argument))
        if isinstance(node, ast.keyword) and node.arg in _SPEAKING_WORDS and _is_text(node.value):
            yield _message(node.value)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_text(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and isinstance(node.value, str)) or isinstance(node, ast.JoinedStr)


def _message(node: ast.expr) -> tuple[int, str]:
    if isinstance(node, ast.JoinedStr):
        return node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "…x" for part in node.values)
    assert isinstance(node, ast.Constant)
    return node.lineno, str(node.value)


def _python_comments(source: str) -> Iterator[tuple[int, str]]:
    block: list[str] = []
    start = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or re.match(r"#(!| noqa| type:|:)", token.string):
            continue
        alone = token.line.lstrip().startswith("#")
        if block and (token.start[0] != last + 1 or not alone):
            yield start, " ".join(block)
            block = []
        start = start if block else token.start[0]
        block.append(re.sub(r"\s*# noqa.*", "", token.string.lstrip("# ")))
        last = token.start[0] if alone else -1
    if block:
        yield start, " ".join(block)


def _paragraphs(text: str, line: int) -> Iterator[tuple[int, str]]:
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)", text):
        if not paragraph.lstrip().startswith((">>>", "::")):
            yield line, re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", paragraph)
        line += paragraph.count("\n") + 1


def _markdown(source: str) -> Iterator[tuple[int, str]]:
    block: list[str] = []
    start = 0
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        text = "" if fenced else line
        is_break = fenced or not line.strip() or line.lstrip().startswith(("```", "~~~", "#", "|", "<", ">", "    "))
        if (is_break or re.match(r"\s*(?:[-*]|\d+\.)\s", text)) and block:
            yield start, " ".join(block)
            block = []
        if fenced or line.lstrip().startswith(("```", "~~~", "<", ">")):
            continue
        if text.lstrip().startswith("#"):
            yield number, text.lstrip("# ")
        elif text.lstrip().startswith("|"):
            yield from (
                (number, cell.strip()) for cell in text.strip().strip("|").split("|") if not set(cell) <= set(" -:")
            )
        elif text.strip():
            start = start if block else number
            block.append(re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", text).strip())
    if block:
        yield start, " ".join(block)


def _line_comments(source: str, has_descriptions: bool) -> Iterator[tuple[int, str]]:
    block: list[str] = []
    start = 0
    for number, line in enumerate([*source.splitlines(), ""], 1):
        comment = re.match(r"\s*#+(?!!)\s?(.*)", line)
        if comment and comment[1].strip(" -="):
            start = start if block else number
            block.append(comment[1].strip())
            continue
        if block:
            yield start, " ".join(block)
            block = []
        target = re.search(r"\s## (.*)$", line)
        described = has_descriptions and re.match(r"\s*(?:Alarm)?Description: (?!>|\|)[\"']?(.*?)[\"']?$", line)
        if target or described:
            yield number, (target or described)[1]  # type: ignore[index]
