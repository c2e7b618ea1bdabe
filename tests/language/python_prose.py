"""Finds the prose of a Python file: docstrings, comments, and the literals that read as sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.language.blocks import TEXT, Block, blocks

_SKIPPED_COMMENT = re.compile(
    r"#!|#\s*(?:noqa|type:|pragma|fmt:|ruff:|mypy:|isort:|-{3,}|={3,}|checkov:skip|nosec|vulture)", re.IGNORECASE
)
_DIRECTIVE = re.compile(r"\s+#\s*(?:noqa|type:|pragma)\b.*")
_STRING = re.compile(r"(?i)([rbuf]*)(\"\"\"|'''|\"|')")
_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*)|(?:\b[rRbBfFuU]{1,2})?(?:"
    r'(?P<triple>"{3}(?:[^\\]|\\.)*?"{3}|' + r"'{3}(?:[^\\]|\\.)*?'{3})|"
    r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*')",
    re.DOTALL,
)
_MIN_WORDS = 4
_PLAIN_WORD = re.compile(r"[(\[“\"'`*-]*(?:[A-Za-z][\w’'/.@-]*|\d[\d.,]*|\{…\}|§[\d.]+)[)\].,;:!?…”\"'`*%]*$")
_NO_PROSE = re.compile(
    r"attribute_(?:not_)?exists|'(?:none|self)'|"
    r"(?:^|\s):\w|^\s*[<{\[(#.]|</|\b(?:SET|REMOVE|ADD) [#\w]+ |[=|\\]\s*$|\\[dws]|\(\?"
)


def documentation(source: str) -> Iterator[Block]:
    """Yield the docstrings and the comments; a run of comment lines is one text.

    One pattern finds both, since the module `tokenize` takes seconds for the whole repository.
    """
    run: list[str] = []
    start = column = last = offset = 0
    line = 1
    for token in _TOKEN.finditer(source):
        line += source.count("\n", offset, token.start())
        offset = token.start()
        before = source[source.rfind("\n", 0, offset) + 1 : offset]
        alone = not before.strip()
        if token["comment"] is None:
            if alone and token["triple"] and _is_statement(source, offset):
                yield from _docstring(token[0], line)
            continue
        if _SKIPPED_COMMENT.match(token[0]):
            continue
        if run and not (alone and line == last + 1 and len(before) == column):
            yield from blocks(run, start)
            run = []
        if not run:
            start, column = line, len(before)
        run.append(_DIRECTIVE.sub("", token[0])[1:].removeprefix(" "))
        last = line
    yield from blocks(run, start)


def _is_statement(source: str, offset: int) -> bool:
    """Return whether a string is a statement: the code before it is complete, or opens a body."""
    before = source[:offset].rstrip()
    return not before or before[-1] not in "([{,=+%" or before[before.rfind("\n") + 1 :].lstrip().startswith("#")


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
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
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
