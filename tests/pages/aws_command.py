"""A stand-in for the AWS CLI, on the API models that botocore shares with it: the options that the pages use.

It calls the endpoint of the environment. An unknown service, operation, option or member is an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name

_GLOBAL = ("--output", "--query", "--region", "--profile", "--cli-binary-format")


def main() -> None:
    """Run the command of the arguments."""
    parser = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    parser.add_argument("service")
    parser.add_argument("words", nargs="+")
    for option in _GLOBAL:
        parser.add_argument(option)
    words, own = _without_global(sys.argv[1:])
    given = parser.parse_args([*words[:2], *own])
    client = boto3.session.Session(profile_name=given.profile, region_name=given.region).client(given.service)
    operation, rest = words[1], words[2:]
    if operation == "wait":
        waiter = client.get_waiter(rest[0].replace("-", "_"))
        waiter.wait(**_parameters(client, waiter.config.operation, rest[1:])[0])
    elif (given.service, operation) == ("logs", "tail"):
        _tail(client, rest)
    else:
        method = operation.replace("-", "_")
        parameters, positional = _parameters(client, client.meta.method_to_api_mapping[method], rest)
        _print(_save_body(_call(client, method, parameters), positional), given)


def _without_global(arguments: list[str]) -> tuple[list[str], list[str]]:
    words, own = list(arguments), []
    for option in _GLOBAL:
        if option in words:
            at = words.index(option)
            own += words[at : at + 2]
            del words[at : at + 2]
    return words, own


def _parameters(client: Any, operation: str, words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the members that the options name, and the words before the first option or after a lone value."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    options: dict[str, list[str]] = {"": []}
    current = ""
    for word in words:
        if word.startswith("--"):
            current = word.removeprefix("--")
            options[current] = []
        else:
            options[current].append(word)
    positional = options.pop("")
    found: dict[str, Any] = {}
    for option, values in options.items():
        name, member = members.get(option) or members[option.removeprefix("no-")]
        if member.type_name == "boolean":
            found[name] = option in members
        elif member.type_name == "list":
            found[name] = [_value(member.member, each) for each in values]
        else:
            found[name] = _value(member, values[0])
            positional += values[1:]
    return found, positional


def _value(shape: Any, text: str) -> Any:
    """Return a value of the shape; a structure is written as `Name=value,Name=value`."""
    if text.startswith("file://"):
        text = Path(text.removeprefix("file://")).read_text()
    if shape.type_name == "structure":
        pairs = (each.split("=", 1) for each in text.split(","))
        return {name: _value(shape.members[name], value) for name, value in pairs}
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    if shape.type_name in {"integer", "long"}:
        return int(text)
    return text.encode() if shape.type_name == "blob" else text


def _call(client: Any, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if client.can_paginate(method):
        pages: dict[str, Any] = client.get_paginator(method).paginate(**parameters).build_full_result()
        return pages
    answer: dict[str, Any] = getattr(client, method)(**parameters)
    answer.pop("ResponseMetadata", None)
    return answer


def _save_body(answer: dict[str, Any], positional: list[str]) -> dict[str, Any]:
    """Write the body of the answer to the file that the command names."""
    if positional:
        [name] = [key for key, value in answer.items() if hasattr(value, "read")]
        Path(positional[0]).write_bytes(answer.pop(name).read())
    return answer


def _print(answer: dict[str, Any], given: argparse.Namespace) -> None:
    found = jmespath.search(given.query, answer) if given.query else answer
    if given.output == "text":
        print("\n".join(_rows(found)))
    elif found:
        print(json.dumps(found, indent=4, default=str))


def _rows(found: Any) -> list[str]:
    if not isinstance(found, list):
        return [str(found)]
    if any(isinstance(each, list) for each in found):
        return ["\t".join(map(str, each)) for each in found]
    return ["\t".join(map(str, found))]


def _tail(client: Any, words: list[str]) -> None:
    group, options = words[0], dict(zip(words[1::2], words[2::2], strict=True))
    hours = int(options.pop("--since").removesuffix("h"))
    pattern = options.pop("--filter-pattern")
    assert not options, options
    since = int((time.time() - hours * 3600) * 1000)  # noqa: TID251  # as the AWS CLI does
    for event in client.filter_log_events(logGroupName=group, startTime=since, filterPattern=pattern)["events"]:
        print(event["timestamp"], event["message"])
