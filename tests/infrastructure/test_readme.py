"""Commands and snippets of the README, and of the pages that it begins, work."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from keyturn.domain.access.access_rules import parse_access_rules
from local.transform import transform_template

PARAMETER = "KeyturnAuthorizerArn"
AUTHORIZER = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROTECT = (ROOT / "docs" / "protect-an-api.md").read_text()
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    """Return a page's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("snippet", blocks(PROTECT, "yaml"))
def test_a_protected_api_is_a_template_with_an_authorizer_that_caches_nothing(snippet: str) -> None:
    """Each snippet transforms, permits API Gateway to call the authorizer, and turns the result cache off (G2)."""
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "InlineCode": "def handler(event, context): ...",
            "Events": {"Get": {"Type": "Api", "Properties": {"Path": "/orders", "Method": "GET"}}},
        },
    }
    source = yaml_parse(snippet)
    kind = source["Resources"]["Api"]["Type"]
    event: dict[str, Any] = function["Properties"]["Events"]["Get"]  # type: ignore[index]
    event["Type"] = "HttpApi" if kind == "AWS::Serverless::HttpApi" else "Api"
    event["Properties"]["ApiId" if event["Type"] == "HttpApi" else "RestApiId"] = {"Ref": "Api"}
    source["Resources"]["Orders"] = function
    native = transform_template(source, {PARAMETER: AUTHORIZER}, {}, "eu-west-1")
    body = json.dumps(native)
    assert '"authorizerResultTtlInSeconds": 0' in body
    permissions = [each for each in native["Resources"].values() if each["Type"] == "AWS::Lambda::Permission"]
    assert any(each["Properties"]["FunctionName"] in (AUTHORIZER, {"Ref": PARAMETER}) for each in permissions)


@pytest.mark.parametrize("snippet", blocks(README, "json"))
def test_the_example_of_access_rules_is_one(snippet: str) -> None:
    """The authorizer reads the rules that the README shows."""
    parse_access_rules(snippet)


def test_the_readme_is_read_in_one_sitting() -> None:
    """The README has fewer than 150 lines; the pages have the rest."""
    assert len(README.splitlines()) < 150


def test_every_page_that_the_readme_names_is_there() -> None:
    """No link of the README leads nowhere."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_no_command_pins_the_defaults() -> None:
    """`sam deploy --guided` would write each default into samconfig.toml, where a later release cannot change it."""
    pages = [README, *((ROOT / "docs" / name).read_text() for name in ("deployment.md", "runbook.md", "clients.md"))]
    assert not any("--guided" in block for page in pages for block in re.findall(r"```\w*\n(.*?)```", page, re.DOTALL))


def test_a_build_reads_all_that_it_depends_on() -> None:
    """The SAM CLI compares the source folders alone: its cache is off, since each Makefile reads a file outside."""
    makefiles = [ROOT / "functions" / "Makefile", *sorted((ROOT / "layers").glob("*/Makefile"))]
    outside = [
        re.findall(r"^-?include \$\(dir .+\)((?:\.\./)+\S+)$", each.read_text(), re.MULTILINE) for each in makefiles
    ]
    assert [
        (ROOT / "lambda.mk").samefile(each.parent / names[0]) for each, names in zip(makefiles, outside, strict=True)
    ] == [True] * 4
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert all(
        each.get("build", {}).get("parameters", {}).get("cached") is not True
        for each in settings.values()
        if isinstance(each, dict)
    )


def test_the_parameters_are_those_of_the_template(source: dict[str, Any]) -> None:
    """The table of docs/deployment.md names parameters that exist, with their defaults."""
    [section] = re.findall(r"^## Parameters\n(.*?)^## ", DEPLOYMENT, re.DOTALL | re.MULTILINE)
    for name, default in re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", section, re.MULTILINE):
        expected = str(source["Parameters"][name]["Default"])
        assert default.split(" (")[0] == expected or expected == "", name
