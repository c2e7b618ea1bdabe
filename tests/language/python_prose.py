"""Finds the prose of a Python file: docstrings, comments, and the literals that read as sentences."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.language.blocks import TEXT, Block, blocks

_SKIPPED_COMMENT = re.compile(
    r"#!|#\s*(?:noqa|type:|pragma|fmt:|ruff:|mypy:|isort:|-{3,}|={3,}|checkov:skip|nosec|vulture)", re.IGNORECASE
)
_DIRECTIVE = re.compile(r"\s+#\s*(?:noqa|type:|pragma)\b.*")
_STRING = re.compile(r"(?i)([rbuf]*)(\"\"\"|'''|\"|')")
_AT_LINE_START = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING})
_IGNORED = frozenset({tokenize.NL, tokenize.COMMENT})
_MIN_WORDS = 4
_PLAIN_WORD = re.compile(r"[(\[“\"'`*-]*(?:[A-Za-z][\w’'/.@-]*|\d[\d.,]*|\{…\}|§[\d.]+)[)\].,;:!?…”\"'`*%]*$")
_NO_PROSE = re.compile(
    r"attribute_(?:not_)?exists|(?:^|\s):\w|^\s*[<{\[(#.]|</|\b(?:SET|REMOVE|ADD) [#\w]+ |[=|\\]\s*$|\\[dws]|\(\?"
)


def documentation(source: str) -> Iterator[Block]:
    """Yield the docstrings and the comments; a run of comment lines is one text."""
    run: list[str] = []
    start = column = last = 0
    at_start = True
    for kind, text, (line, begin), _, physical in tokenize.generate_tokens(io.StringIO(source).readline):
        if kind == tokenize.COMMENT:
            if _SKIPPED_COMMENT.match(text):
                continue
            alone = physical[:begin].strip() == ""
            if run and not (alone and line == last + 1 and begin == column):
                yield from blocks(run, start)
                run = []
            if not run:
                start, column = line, begin
            run.append(_DIRECTIVE.sub("", text)[1:].removeprefix(" "))
            last = line
        elif kind == tokenize.STRING and at_start:
            yield from _docstring(text, line)
        if kind not in _IGNORED:
            at_start = kind in _AT_LINE_START
    yield from blocks(run, start)


def _docstring(token: str, line: int) -> Iterator[Block]:
    opening = _STRING.match(token)
    if opening is None or "b" in opening[1].lower():
        return
    lines = token[opening.end() : -len(opening[2])].split("\n")
    margin = min((len(each) - len(each.lstrip()) for each in lines[1:] if each.strip()), default=0)
    yield from blocks([lines[0], *(each[margin:] for each in lines[1:])], line)


def literals(source: str) -> Iterator[Block]:
    """Yield help texts and messages: the strings outside of docstrings that read as sentences."""
    tree = ast.parse(source)
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if id(node) in statements and isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _joined(node) if isinstance(node, ast.expr) else None
        if text is None:
            stack.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.expr) and reads_as_sentence(text):
            yield from (Block(node.lineno, TEXT, part) for part in re.split(r"\n\s*\n", text) if part.strip())


def _joined(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "{…}" for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _joined(node.left), _joined(node.right)
        return None if left is None or right is None else left + right
    return None


def reads_as_sentence(text: str) -> bool:
    """Return whether a literal is prose: four words or more, nearly all of them plain."""
    tokens = text.split()
    plain = sum(1 for token in tokens if _PLAIN_WORD.match(token))
    return len(tokens) >= _MIN_WORDS and plain >= max(_MIN_WORDS, 0.75 * len(tokens)) and not _NO_PROSE.search(text)
