"""The effect of an update that changes one parameter: resources that are replaced, created and removed.

CloudFormation's own resource schemas decide which property replaces a resource; cfn-lint ships them.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.infrastructure.native_template import NativeTemplate

ROOT = Path(__file__).parents[2]
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)")
# SAM names each version of a layer by a hash of its properties.
_LAYER = re.compile(r"(\w+Layer)[0-9a-f]{10}")


class Change(NamedTuple):
    """Logical ids by the effect of an update on them; further resources change in place."""

    replaced: frozenset[str]
    created: frozenset[str]
    removed: frozenset[str]


class Schemas:
    """CloudFormation's resource schemas, from the package cfn-lint in .venv-tools."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = json.loads((folder / "providers" / "us-east-1.json").read_text())

    @classmethod
    def installed(cls) -> Schemas | None:
        """Return the schemas, or None without the environment of the tools."""
        found = sorted(ROOT.glob(".venv-tools/lib/python3*/site-packages/cfnlint/data/schemas"))
        return cls(found[0]) if found else None

    @functools.cache  # noqa: B019 - one object lives as long as the tests
    def of(self, kind: str) -> dict[str, Any]:
        """Return the schema of a type; a custom resource has none."""
        if kind.startswith("Custom::"):
            return {}
        schema: dict[str, Any] = json.loads((self._folder / "resources" / f"{self._names[kind]}.json").read_text())
        return schema

    def create_only(self, kind: str) -> frozenset[str]:
        """Return the properties whose change replaces a resource, always or under a condition."""
        schema = self.of(kind)
        paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
        return frozenset(path.split("/")[2] for path in paths)


def change(old: NativeTemplate, new: NativeTemplate, schemas: Schemas, values: tuple[Mapping[str, str], ...]) -> Change:
    """Return the effect of an update from one template to another, each with the values of its parameters."""
    before, after = _Resolved(old, values[0]).resources(), _Resolved(new, values[1]).resources()
    replaced = {
        name
        for name in before.keys() & after.keys()
        if _changed(before[name], after[name]) & schemas.create_only(before[name]["Type"])
    }
    while more := set(_follow(after, replaced, schemas)) - replaced:
        replaced |= more
    return Change(frozenset(replaced), frozenset(after.keys() - before), frozenset(before.keys() - after))


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    old, new = before.get("Properties", {}), after.get("Properties", {})
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _follow(resources: Mapping[str, Any], replaced: set[str], schemas: Schemas) -> Iterator[str]:
    """Yield the resources with a property that refers to a replaced resource, and cannot change."""
    for name, resource in resources.items():
        for property_name in schemas.create_only(resource["Type"]) & resource.get("Properties", {}).keys():
            if replaced & set(_references(resource["Properties"][property_name])):
                yield name


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for each in value.values():
            yield from _references(each)


class _Resolved:
    """A template whose parameters and conditions have values."""

    def __init__(self, template: NativeTemplate, values: Mapping[str, str]) -> None:
        self._template = template
        self._values = {name: str(each["Default"]) for name, each in template.parameters.items()} | dict(values)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources that exist, by logical id; versions of a layer are one resource."""
        found = {}
        for name, resource in self._template.resources.items():
            if "Condition" not in resource or self._condition(resource["Condition"]):
                layer = _LAYER.fullmatch(name)
                found[layer[1] if layer else name] = {
                    "Type": resource["Type"],
                    "Properties": self._resolve(resource.get("Properties", {})),
                }
        return found

    def _condition(self, name: str) -> bool:
        return self._holds(self._template.conditions[name])

    def _holds(self, condition: Any) -> bool:
        [(function, arguments)] = condition.items()
        if function == "Condition":
            return self._condition(arguments)
        if function == "Fn::Equals":
            return bool(self._resolve(arguments[0]) == self._resolve(arguments[1]))
        if function == "Fn::Not":
            return not self._holds(arguments[0])
        assert function in {"Fn::And", "Fn::Or"}, function
        return (all if function == "Fn::And" else any)(map(self._holds, arguments))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for found in map(self._resolve, value) if found is not None]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)\}", lambda match: self._values.get(match[1], match[0]), value)
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "AWS::NoValue"}:
            return None
        if value.keys() == {"Ref"}:
            return self._values.get(value["Ref"], value)
        if value.keys() == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self._resolve(yes if self._condition(name) else no)
        resolved = {name: self._resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not None}
