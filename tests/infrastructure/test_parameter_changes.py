"""The table of docs/deployment.md says what an update of each parameter replaces, creates and removes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.transform import makefile_sources, transform_template
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.parameter_changes import ROOT, Change, Schemas, change

PAGE = ROOT / "docs" / "deployment.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
HOLDS_DATA = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::ApiGatewayV2::Api", "AWS::SQS::Queue"}
MOST_NAMES = 5

# Another legal value for each parameter that is neither a number nor a list of values.
OTHER = {
    "AccessRules": '{"apis":{}}',
    "AccessRulesParameter": "/keyturn/access-rules",
    "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms",
    "AudienceAlgorithms": "https://edge.example.com=Ed25519",
    "Audiences": "https://orders.example.com",
    "AuthorizerReservedConcurrency": "10",
    "ClientAddressHeader": "CloudFront-Viewer-Address",
    "ClientAddressSecret": "s" * 32,
    "IssuerUrl": "https://login.example.com",
    "KeyRotatorReservedConcurrency": "2",
    "LoginReservedConcurrency": "10",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    "PreviousIssuerUrls": "https://old.example.com",
    "RolePath": "/team/",
    "RotationSchedule": "rate(2 hours)",
    "TokenIssuerReservedConcurrency": "10",
}


@pytest.fixture(scope="module")
def changes(template: NativeTemplate, source: dict[str, Any], schemas: Schemas) -> dict[str, tuple[Change, Change]]:
    """Return the effects of each parameter's change from its default to another value, and of the way back."""
    # SAM writes the processor into the names of the layers' versions.
    artifacts = {logical_id: f"s3://bucket/{logical_id}" for logical_id in makefile_sources(source)}
    parameters = {"Architecture": "x86_64"}
    on_intel = NativeTemplate(transform_template(source, parameters, artifacts, "us-east-1"))
    found = {}
    for name in template.parameters:
        new = on_intel if name == "Architecture" else template
        values: tuple[dict[str, str], dict[str, str]] = ({}, {name: another_value(template, name)})
        found[name] = (change(template, new, schemas, values), change(new, template, schemas, values[::-1]))
    return found


def another_value(template: NativeTemplate, name: str) -> str:
    """Return a legal value of a parameter that is not its default."""
    parameter = template.parameters[name]
    if "AllowedValues" in parameter:
        return next(str(each) for each in parameter["AllowedValues"] if str(each) != str(parameter["Default"]))
    if parameter["Type"] == "Number":
        return str(
            next(each for each in (parameter["MaxValue"], parameter["MinValue"]) if each != parameter["Default"])
        )
    assert re.fullmatch(parameter["AllowedPattern"], OTHER[name])
    return OTHER[name]


def listed(names: frozenset[str]) -> str:
    """Return names as a cell of the table."""
    if len(names) > MOST_NAMES:
        return ""
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def test_the_page_says_what_each_parameter_replaces(changes: dict[str, tuple[Change, Change]]) -> None:
    """Each parameter has a row with the resources that CloudFormation replaces, and creates or removes again."""
    rows = {row[1]: (row[2], row[3]) for row in ROW.finditer(PAGE.read_text())}
    expected = {name: (listed(there.replaced), listed(there.created)) for name, (there, _) in changes.items()}
    assert rows == expected


def test_the_way_back_removes_what_was_created(changes: dict[str, tuple[Change, Change]]) -> None:
    """A parameter that goes back to its default replaces the same resources, and removes the created ones."""
    for name, (there, back) in changes.items():
        assert back == Change(there.replaced, there.removed, there.created), name


def test_no_parameter_replaces_what_holds_data(
    template: NativeTemplate, changes: dict[str, tuple[Change, Change]]
) -> None:
    """No change of a parameter replaces or removes a table, a key, the issuer's API or the dead letters."""
    for name, ways in changes.items():
        for way in ways:
            for resource in way.replaced | way.removed:
                if resource in template.resources:
                    assert template.resources[resource]["Type"] not in HOLDS_DATA, (name, resource)


def test_a_replacement_would_be_found(template: NativeTemplate, schemas: Schemas) -> None:
    """A table whose name depends on a parameter would be replaced, and so would resources that are named by it."""
    resources = template.resources | {
        "KeyRingTable": template.resources["KeyRingTable"] | {"Properties": {"TableName": {"Ref": "IssuerUrl"}}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/x/${KeyRingTable}"}}},
    }
    parts = {name: getattr(template, name).copy() for name in ("parameters", "conditions", "rules", "outputs")}
    named = NativeTemplate({name.title(): part for name, part in (parts | {"resources": resources}).items()})
    found = change(named, named, schemas, ({}, {"IssuerUrl": "https://a.example"}))
    assert {"KeyRingTable", "Group"} <= found.replaced
