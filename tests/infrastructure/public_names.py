"""The names that applications, operators and dashboards depend on, as source and template have them.

No module is named here: the source is read by its folders, so that a module may move.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tests.infrastructure.reached_members import Definitions, attribute_of, strings_of

_FUNCTIONS = ("authorizer", "key_rotator", "login", "token_issuer")


def template_names(source: dict[str, Any]) -> dict[str, set[str]]:
    """Return parameters, outputs, logical ids, routes and the environment of each function."""
    resources = source["Resources"]
    environments = {
        f"{logical_id}: {variable}"
        for logical_id, resource in resources.items()
        for variable in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    }
    routes = {
        resource["Properties"]["RouteKey"]
        for resource in resources.values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }
    return {
        "template parameters": set(source["Parameters"]),
        "template outputs": set(source["Outputs"]),
        "template logical ids": set(resources),
        "environment variables": environments,
        "HTTP routes": routes,
    }


def metric_names(states: list[str]) -> set[str]:
    """Return the metrics of each function; one that is named after a key's state stands for each of `states`."""
    found: set[str] = set()
    for function in _FUNCTIONS:
        definitions = Definitions(f"functions/{function}")
        for call in definitions.calls():
            if attribute_of(call) == "count":
                found |= {f"{function}: {name}" for name in strings_of(call.args[0])}
            elif attribute_of(call) == "add_gauge" and isinstance(call.args[0], ast.Attribute):
                gauge = definitions.members_of(ast.Call(call.args[0], [], []), None)
                found |= {f"{function}: {name}" for name in gauge}
            elif attribute_of(call) in ("add_metric", "single_metric"):
                found |= {f"{function}: {name}" for name in _metric_of(call, states)}
    return found


def _metric_of(call: ast.Call, states: list[str]) -> Iterator[str]:
    [name] = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
    if isinstance(name, ast.JoinedStr):
        prefix = name.values[0]
        assert isinstance(prefix, ast.Constant), ast.unparse(name)
        yield from (f"{prefix.value!s}{state.title().replace('_', '')}" for state in states)
    else:
        yield from strings_of(name)


def log_events() -> set[str]:
    """Return the events of each part that logs, and for each event its fields: `<part>: <event>.<field>`."""
    noted = _noted_fields()
    found: set[str] = set()
    for part in (*_FUNCTIONS, "layers"):
        definitions = Definitions("layers" if part == "layers" else f"functions/{part}")
        for call, function in definitions.calls_with_function():
            if attribute_of(call) != "log_event":
                continue
            fields = {keyword.arg for keyword in call.keywords if keyword.arg}
            for keyword in call.keywords:
                if keyword.arg is None:
                    fields |= definitions.members_of(keyword.value, function)
            for event in strings_of(call.args[1]):
                fields_of_event = fields | (noted if event == "request" else set())
                found |= {f"{part}: {event}", *(f"{part}: {event}.{field}" for field in fields_of_event)}
    return found


def _noted_fields() -> set[str]:
    """Return the fields of the line about a request: those that `note` adds, and the first ones."""
    found: set[str] = set()
    for folder in ("functions", "layers"):
        definitions = Definitions(folder)
        for call in definitions.calls():
            if attribute_of(call) == "note":
                found |= {keyword.arg for keyword in call.keywords if keyword.arg}
        for node in definitions.nodes(ast.AnnAssign):
            if isinstance(node.target, ast.Attribute) and node.target.attr == "facts" and node.value is not None:
                found |= definitions.members_of(node.value, None)
    return found


def operator_members() -> set[str]:
    """Return the members of the documents that the command prints with --json, at any depth."""
    definitions = Definitions("cli")
    found: set[str] = set()
    for call, function in definitions.calls_with_function():
        if attribute_of(call) == "print_json":
            found |= definitions.members_of(call.args[0], function)
    return found


def command_names(command: Any, path: str = "keyturn") -> set[str]:
    """Return each command of a click tree with its arguments and options."""
    parameters = {
        f"{path} {name}"
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-") and name != "--help"
    }
    nested = (command_names(each, f"{path} {name}") for name, each in getattr(command, "commands", {}).items())
    return {path} | parameters | {name for names in nested for name in names}


def package_names(package: ModuleType) -> set[str]:
    """Return what a package exports: its names, and the parameters and public members of its own classes."""
    found: set[str] = set()
    for name in package.__all__:
        exported = getattr(package, name)
        found.add(name)
        if exported.__module__.startswith(f"{package.__name__}."):
            found |= {f"{name}({parameter})" for parameter in inspect.signature(exported).parameters}
            found |= {f"{name}.{member}" for member in vars(exported) if not member.startswith("_")}
    return found


def json_members(value: Any, path: str) -> set[str]:
    """Return the path of each member of a JSON value; the elements of a list share one path."""
    if isinstance(value, dict):
        return {path} | {name for key, each in value.items() for name in json_members(each, f"{path}.{key}")}
    if isinstance(value, list):
        return {path} | {name for each in value for name in json_members(each, path)}
    return {path}
