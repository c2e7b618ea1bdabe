"""The stack of examples/cdk, as the AWS CDK writes it: `make template` synthesises it into KEYTURN_CDK."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.user_template import AUTHORIZER

FOLDER = os.environ.get("KEYTURN_CDK", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="the AWS CDK is run by: make template")


@pytest.fixture(scope="module")
def resources() -> dict[str, list[dict[str, Any]]]:
    """Return the properties of the synthesised resources, by the last word of their types."""
    template = json.loads((Path(FOLDER) / "keyturn-example.template.json").read_text())
    assert template["Parameters"][AUTHORIZER] == {"Type": "String"}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in template["Resources"].values():
        found.setdefault(each["Type"].rpartition("::")[2], []).append(each["Properties"])
    return found


def test_each_route_asks_an_authorizer_that_caches_nothing(resources: dict[str, list[dict[str, Any]]]) -> None:
    """G2, G6: the CDK's default would keep a result for five minutes, beyond a revocation."""
    [authorizer] = resources["Authorizer"]
    assert (authorizer["AuthorizerResultTtlInSeconds"], authorizer["EnableSimpleResponses"]) == (0, True)
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert {(each["RouteKey"], each["AuthorizationType"]) for each in resources["Route"]} == {
        ("GET /reports", "CUSTOM"),
        ("POST /reports", "CUSTOM"),
    }


def test_the_api_permits_itself_to_call_the_authorizer(resources: dict[str, list[dict[str, Any]]]) -> None:
    """R57: the CDK adds the permission only to a function that it takes for one of the same account."""
    permitted = [each for each in resources["Permission"] if each["FunctionName"] == {"Ref": AUTHORIZER}]
    assert [each["Principal"] for each in permitted] == ["apigateway.amazonaws.com"]
    assert "/authorizers/" in json.dumps(permitted[0]["SourceArn"])
