"""The template of a user's own stack, read and checked before anything is deployed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from keyturn_cli.errors import CommandError
from local.parameters import ParametersWrong, check_value
from local.transform import read_template

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORIZER = "KeyturnAuthorizerArn"
_FILES = ("template.yaml", "template.yml")
_FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_SECTIONS = {"Conditions", "Globals", "Mappings", "Metadata", "Outputs", "Parameters"}
_OF_RESOURCE = {"Metadata", "Properties"}
_LAYER_ARN = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:(\d{12}):layer:")
# The emulator's account.
_ACCOUNT = "000000000000"


class TemplateRefused(CommandError):
    """The template or its parameters were refused; the message says where, and what to change."""


def find_template(folder: Path) -> Path:
    """Return the template of a folder; raises TemplateRefused."""
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    if not folder.is_dir():
        raise TemplateRefused(f"{folder} is not a folder", "give the folder that has your template.yaml")
    raise TemplateRefused(f"{folder} has no template.yaml", "give the folder that has your SAM template")


def read_user_template(path: Path) -> dict[str, Any]:
    """Return the template with its short-form intrinsics in long form; raises TemplateRefused with the line."""
    try:
        _check_names(path)
        template = read_template(path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f":{mark.line + 1}"
        raise TemplateRefused(f"{path}{line}: {error.problem}", "correct the YAML") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateRefused(f"{path}: {error}", "correct the YAML") from None
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not isinstance(resources, dict) or not resources:
        raise TemplateRefused(f"{path} has no Resources", "add a resource, or give another folder")
    _check_shape(path, template)
    return template


def _check_shape(path: Path, template: Mapping[str, Any]) -> None:
    """Raise TemplateRefused for what CloudFormation refuses too: a text or a list in the place of a mapping."""
    for key in sorted(_SECTIONS & template.keys()):
        _check_mapping(path, key, template[key])
    _check_mapping(path, "Function", template.get("Globals", {}).get("Function", {}))
    for kind in ("Parameter", "Resource"):
        for key, entry in template.get(f"{kind}s", {}).items():
            if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
                raise TemplateRefused(f"{locate(path, key)}: {key} has no Type", f"give the {kind.lower()} its Type")
    for resource in template["Resources"].values():
        for key in sorted(_OF_RESOURCE & resource.keys()):
            _check_mapping(path, key, resource[key])


def _check_mapping(path: Path, key: str, value: object) -> None:
    if not isinstance(value, dict):
        raise TemplateRefused(
            f"{locate(path, key)}: {key} is not a mapping of names to values", "write the names below it, or remove it"
        )


def _check_names(path: Path) -> None:
    """Raise TemplateRefused for a name that stands twice in a mapping: a parser of YAML drops the first one."""
    waiting, seen = [yaml.compose(path.read_text(), Loader=yaml.CSafeLoader)], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))  # an alias may lead back to its own anchor
        names = set[str]()
        for each in node.value:
            key, value = each if isinstance(node, yaml.MappingNode) else (None, each)
            waiting.append(value)
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                line = key.start_mark.line + 1
                raise TemplateRefused(
                    f"{path}:{line}: {key.value} occurs twice in one mapping", "rename one of the two"
                )
            names |= {key.value} if isinstance(key, yaml.ScalarNode) else set()


def locate(path: Path, key: object) -> str:
    """Return the file with the line on which a key of the template stands, or the file alone."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(rf"\s*[\"']?{re.escape(str(key))}[\"']?\s*:", line):
            return f"{path}:{number}"
    return str(path)


def explain_transform(path: Path, message: str) -> str:
    """Return a message of the SAM transform after the line of the resource that it names."""
    named = re.search(r"(?:id|resource|Event with id) \[(\w+)\]", message)
    return f"{locate(path, named[1]) if named else path}: {message}"


def check_functions(path: Path, template: Mapping[str, Any]) -> None:
    """Raise TemplateRefused for a function that the emulator cannot run: it runs Python functions from archives."""
    defaults = template.get("Globals", {}).get("Function", {})
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] not in _FUNCTIONS:
            continue
        properties = {**defaults, **resource.get("Properties", {})}
        if (problem := _problem(properties)) is not None:
            what, next_step = problem
            raise TemplateRefused(f"{locate(path, logical_id)}: the function {logical_id} {what}", next_step)


def _problem(properties: Mapping[str, Any]) -> tuple[str, str] | None:
    runtime, code = properties.get("Runtime"), properties.get("CodeUri")
    if properties.get("PackageType") == "Image":
        return "is a container image, and no Docker runs here", "write it as a zip with a Python runtime, or use AWS"
    if isinstance(runtime, str) and not runtime.startswith("python3."):
        return f"has the runtime {runtime}, and only Python runs here", "set Runtime: python3.13, or use AWS"
    if isinstance(code, str) and code.startswith("s3://"):
        return f"has its code in {code}, which is not on this machine", "set CodeUri to a folder beside the template"
    for layer in properties.get("Layers", []):
        arn = _LAYER_ARN.match(layer) if isinstance(layer, str) else None
        if arn is not None and arn[1] != _ACCOUNT:
            return f"has the layer {layer}, which is on AWS alone", "name its packages in requirements.txt instead"
    return None


def fill_parameters(
    path: Path,
    template: Mapping[str, Any],
    given: Mapping[str, str],
    known: Mapping[str, str],
) -> dict[str, str]:
    """Return the values of the template's parameters; raises TemplateRefused for an unknown, wrong or missing one.

    `known` values come after those that are `given`, and before the defaults of the template.
    """
    declared: dict[str, Any] = template.get("Parameters", {})
    for name, value in given.items():
        try:
            check_value(name, value, declared, path.name)
        except ParametersWrong as error:
            raise TemplateRefused(f"{path}: {error}", "correct --parameter") from None
    values = {name: value for name, value in known.items() if name in declared} | dict(given)
    missing = [name for name, each in declared.items() if name not in values and "Default" not in each]
    if missing:
        options = " ".join(f"--parameter {name}=VALUE" for name in missing)
        raise TemplateRefused(f"{path} needs values of {', '.join(missing)}", f"add {options}")
    return values
