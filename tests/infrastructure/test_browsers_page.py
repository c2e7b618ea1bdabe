"""The templates of the page about browsers, as AWS's translator writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from keyturn.domain.access.access_rules import parse_access_rules
from local.transform import transform_template
from tests.fakes.browser_templates import browser_rules, browser_templates
from tests.infrastructure.test_readme import PROTECT, blocks

PARAMETERS = {"KeyturnAuthorizerArn": "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"}
ORIGIN = "https://app.example.com"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
RESPONSES = ("UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX")


def body_of(template: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI body of the template's API."""
    native = transform_template(template, PARAMETERS, {}, "eu-west-1")
    body: dict[str, Any] = native["Resources"]["Api"]["Properties"]["Body"]
    return body


def asks(operation: dict[str, Any]) -> bool:
    """Return whether an operation calls the authorizer."""
    return {"Keyturn": []} in operation.get("security", [])


def operations(body: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(path, method): each for path, item in body["paths"].items() for method, each in item.items()}


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_each_method_but_options_asks_the_authorizer(kind: str) -> None:
    """G6: a preflight has no token, so that OPTIONS alone is open (Fetch standard, CORS protocol)."""
    found = operations(body_of(browser_templates()[kind]))
    assert {method for _, method in found} == {"get", "head", "post", "options"}
    assert {key: asks(operation) for key, operation in found.items()} == {key: key[1] != "options" for key in found}


def test_cors_of_a_rest_api_asks_the_authorizer_unless_it_is_told_not_to() -> None:
    """G6: SAM's default puts the authorizer on the preflight; the published snippet turns that off too."""
    [published] = [yaml_parse(each) for each in blocks(PROTECT, "yaml") if "AWS::Serverless::Api" in each]
    template = browser_templates()["rest"]
    properties = template["Resources"]["Api"]["Properties"]
    properties["Auth"] = published["Resources"]["Api"]["Properties"]["Auth"]
    assert not asks(body_of(template)["paths"]["/orders"]["options"])
    del properties["Auth"]["AddDefaultAuthorizerToCorsPreflight"]
    assert asks(body_of(template)["paths"]["/orders"]["options"])


def test_the_preflight_of_a_rest_api_names_origin_methods_and_headers() -> None:
    """The mock integration answers for the page's origin alone, and permits the Authorization header."""
    options = body_of(browser_templates()["rest"])["paths"]["/orders"]["options"]["x-amazon-apigateway-integration"]
    headers = options["responses"]["default"]["responseParameters"]
    assert options["type"] == "mock"
    assert headers[f"method.response.header.{ALLOW_ORIGIN}"] == {"Fn::Sub": "'${AppOrigin}'"}
    assert headers["method.response.header.Access-Control-Allow-Methods"] == "'GET,HEAD,POST'"
    assert "authorization" in headers["method.response.header.Access-Control-Allow-Headers"]


@pytest.mark.parametrize("response", RESPONSES)
def test_a_page_may_read_each_refusal_of_a_rest_api(response: str) -> None:
    """R57: 401, 403 and every other answer of API Gateway itself has the header, or the page sees a network error."""
    found = body_of(browser_templates()["rest"])["x-amazon-apigateway-gateway-responses"][response]
    assert found["responseParameters"][f"gatewayresponse.header.{ALLOW_ORIGIN}"] == {"Fn::Sub": "'${AppOrigin}'"}


def test_cors_of_an_http_api_names_the_origin() -> None:
    """The configuration has the page's origin, and no wildcard; the preflight route precedes ANY and `$default`."""
    body = body_of(browser_templates()["http"])
    cors = body["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == [ORIGIN]
    assert (cors["allowMethods"], "authorization" in cors["allowHeaders"]) == (["GET", "HEAD", "POST"], True)
    assert list(body["paths"]["/{proxy+}"]) == ["options"]


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_the_rules_of_the_page_name_each_route_with_an_authorizer(kind: str) -> None:
    """G7: HEAD has a rule of its own, and no rule names OPTIONS."""
    rules = parse_access_rules(json.dumps(browser_rules())).of_api("any")
    found = operations(body_of(browser_templates()[kind]))
    asked = {f"{method.upper()} {path}" for (path, method), operation in found.items() if asks(operation)}
    assert {rule.route for rule in rules} == asked


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_the_templates_permit_api_gateway_to_call_the_authorizer(kind: str) -> None:
    """R57: without the permission each call would be a 500."""
    native = transform_template(browser_templates()[kind], PARAMETERS, {}, "eu-west-1")
    permitted = [
        each["Properties"]["FunctionName"]
        for each in native["Resources"].values()
        if each["Type"] == "AWS::Lambda::Permission"
    ]
    assert any(each in (PARAMETERS["KeyturnAuthorizerArn"], {"Ref": "KeyturnAuthorizerArn"}) for each in permitted)
