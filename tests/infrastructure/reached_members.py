"""The member names that an expression can have: keys of its dictionaries, and of those that its calls return."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
_Node = TypeVar("_Node", bound=ast.AST)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def source_trees(folder: Path) -> dict[Path, ast.Module]:
    """Return the syntax tree of each module below a folder."""
    return {path: ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))}


def attribute_of(call: ast.Call) -> str:
    """Return the last name of what is called: `print_json`, or `count` of `metrics.count`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def strings_of(node: ast.expr) -> set[str]:
    """Return the text constants of an expression, both sides of a choice among them."""
    if isinstance(node, ast.IfExp):
        return strings_of(node.body) | strings_of(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


class Definitions:
    """The functions below a folder of the checkout."""

    def __init__(self, folder: str) -> None:
        self._trees = list(source_trees(ROOT / folder).values())
        self._functions: dict[str, list[_Function]] = {}
        for function in self.nodes(ast.FunctionDef):
            self._functions.setdefault(function.name, []).append(function)

    def nodes(self, kind: type[_Node]) -> Iterator[_Node]:
        """Return all nodes of a kind."""
        return (node for tree in self._trees for node in ast.walk(tree) if isinstance(node, kind))

    def calls(self) -> Iterator[ast.Call]:
        """Return all calls."""
        return self.nodes(ast.Call)

    def calls_with_function(self) -> Iterator[tuple[ast.Call, _Function]]:
        """Return the calls in functions, each with its function."""
        for function in self.nodes(ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    yield node, function

    def members_of(self, node: ast.expr, function: _Function | None) -> set[str]:
        """Return the names of the members that a value in a function can have, at any depth."""
        return _Reach(self._functions).follow(node, function)


class _Reach:
    """One search; each function and each of its variables is followed once."""

    def __init__(self, functions: dict[str, list[_Function]]) -> None:
        self._functions = functions
        self._seen: set[tuple[_Function, str]] = set()

    def follow(self, node: ast.expr, function: _Function | None) -> set[str]:
        """Return the names that the value of an expression in a function can have."""
        found: set[str] = set()
        if isinstance(node, ast.Dict):
            found |= {name for key in node.keys if key is not None for name in strings_of(key)}
        elif isinstance(node, ast.DictComp):
            found |= _names_of_choice(node)
        elif isinstance(node, ast.Name) and function is not None:
            return self._variable(node.id, function)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr == "items":
                return self.follow(node.value, function)
            return found  # the object that has the attribute is another value
        elif isinstance(node, ast.Call) and attribute_of(node) == "loads":
            return found  # another program wrote the document
        elif isinstance(node, ast.Call) and self._known(node):
            return self._called(node, None)
        return found | {
            name
            for child in ast.iter_child_nodes(node)
            for each in _expressions(child)
            for name in self.follow(each, function)
        }

    def _known(self, call: ast.Call) -> list[_Function]:
        name = attribute_of(call)
        return [] if hasattr(dict, name) or hasattr(str, name) else self._functions.get(name, [])

    def _called(self, call: ast.Call, place: int | None) -> set[str]:
        """Return the names in what a function returns, or in one place of the tuple that it returns."""
        found: set[str] = set()
        for called in self._known(call):
            if (called, f"return {place}") in self._seen:
                continue
            self._seen.add((called, f"return {place}"))
            for returned in _returns(called):
                if place is None:
                    found |= self.follow(returned, called)
                elif isinstance(returned, ast.Tuple):
                    found |= self.follow(returned.elts[place], called)
        return found

    def _variable(self, name: str, function: _Function) -> set[str]:
        if (function, name) in self._seen:
            return set()
        self._seen.add((function, name))
        found: set[str] = set()
        for target, value in _assignments(function):
            if isinstance(target, ast.Subscript) and _is_name(target.value, name):
                found |= strings_of(target.slice)
            elif _is_name(target, name):
                found |= self.follow(value, function)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Call):
                places = [place for place, element in enumerate(target.elts) if _is_name(element, name)]
                found |= {each for place in places for each in self._called(value, place)}
        return found


def _expressions(node: ast.AST) -> list[ast.expr]:
    """Return the expression itself, or those that a keyword or a comprehension's loop holds."""
    if isinstance(node, ast.expr):
        return [node]
    return [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]


def _assignments(function: _Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            yield node.target, node.value


def _names_of_choice(node: ast.DictComp) -> set[str]:
    """Return the names that a comprehension goes through, where they are written there."""
    sources = [generator.iter for generator in node.generators]
    return {
        name for source in sources if isinstance(source, ast.Tuple) for each in source.elts for name in strings_of(each)
    }


def _returns(function: _Function) -> list[ast.expr]:
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
