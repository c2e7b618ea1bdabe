"""The bodies of APIs, as the emulator can deploy them: AWS's translator makes the bodies of the tests."""

from __future__ import annotations

from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from local.api_bodies import expand_api_bodies, write_cors_in_api_case
from local.transform import transform_template

AUTHORIZER = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"
FUNCTION = """
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): ..."
      Events:
        Get: { Type: KIND, Properties: { OWNER: !Ref Api, Path: "/a/{id}", Method: GET } }
        Any: { Type: KIND, Properties: { OWNER: !Ref Api, Path: "/a/b", Method: ANY, Auth: { Authorizer: NONE } } }
"""
REST = f"""
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Cors: "'https://app.example'"
      GatewayResponses: {{ ACCESS_DENIED: {{ StatusCode: 403, ResponseParameters: {{ Headers: {{ X-A: "'a'" }} }} }} }}
      Auth:
        DefaultAuthorizer: K
        AddDefaultAuthorizerToCorsPreflight: false
        Authorizers: {{ K: {{ FunctionArn: "{AUTHORIZER}", Identity: {{ ReauthorizeEvery: 0 }} }} }}
""" + FUNCTION.replace("KIND", "Api").replace("OWNER", "RestApiId")
HTTP = f"""
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {{ AllowOrigins: ["https://app.example"], MaxAge: 5 }}
      Auth:
        DefaultAuthorizer: K
        Authorizers:
          K:
            FunctionArn: "{AUTHORIZER}"
            AuthorizerPayloadFormatVersion: "2.0"
            EnableSimpleResponses: true
            Identity: {{ Headers: [Authorization], ReauthorizeEvery: 0 }}
""" + FUNCTION.replace("KIND", "HttpApi").replace("OWNER", "ApiId")


def expanded(text: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a template whose bodies are expanded."""
    native = transform_template(yaml_parse(text), {}, {}, "eu-west-1")
    expand_api_bodies(native)
    resources: dict[str, dict[str, Any]] = native["Resources"]
    return resources


def of_type(resources: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def test_the_methods_of_a_rest_api_are_resources() -> None:
    """Each operation is a method at its own resource; only those with the authorizer call it."""
    resources = expanded(REST)
    parts = of_type(resources, "AWS::ApiGateway::Resource")
    paths = {name: each["PathPart"] for name, each in parts.items()}
    methods = of_type(resources, "AWS::ApiGateway::Method").values()
    assert sorted(paths.values()) == ["a", "b", "{id}"]
    assert {(paths[each["ResourceId"]["Ref"]], each["HttpMethod"], each["AuthorizationType"]) for each in methods} == {
        ("{id}", "GET", "CUSTOM"),
        ("{id}", "OPTIONS", "NONE"),
        ("b", "ANY", "NONE"),
        ("b", "OPTIONS", "NONE"),
    }
    assert {each.get("AuthorizerId", {}).get("Ref") for each in methods} == {None, "ApiKAuthorizer"}
    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    assert [each["PathPart"] for each in parts.values() if each["ParentId"] == root] == ["a"]


def test_a_mock_and_a_gateway_response_keep_their_headers() -> None:
    """The emulator's import drops the answer of a mock integration, and gateway responses."""
    resources = expanded(REST)
    methods = of_type(resources, "AWS::ApiGateway::Method").values()
    mock = next(each["Integration"] for each in methods if each["HttpMethod"] == "OPTIONS")
    assert mock["Type"] == "MOCK"
    [answer] = mock["IntegrationResponses"]
    assert answer["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"] == "'https://app.example'"
    [response] = of_type(resources, "AWS::ApiGateway::GatewayResponse").values()
    assert (response["ResponseType"], response["ResponseParameters"]) == (
        "ACCESS_DENIED",
        {"gatewayresponse.header.X-A": "'a'"},
    )


def test_a_deployment_waits_for_what_it_deploys() -> None:
    """A deployment takes a picture of the API, so that it comes after methods and gateway responses."""
    resources = expanded(REST)
    [waiting] = [each["DependsOn"] for each in resources.values() if each["Type"] == "AWS::ApiGateway::Deployment"]
    made = [name for name, each in resources.items() if each["Type"].startswith("AWS::ApiGateway::")]
    methods = {name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::Method"}
    assert {*methods, "ApiResponseACCESSDENIED", "ApiKAuthorizer"} <= set(waiting) <= set(made)


@pytest.mark.parametrize("text", [REST, HTTP])
def test_a_route_keeps_its_resource_when_another_is_added(text: str) -> None:
    """An update with a route more leaves the resources of all others as they are."""
    event = text[text.index("        Get: ") :].partition("\n")[0].replace("Get: ", "Added: ")
    longer = text.replace("      Events:\n", f"      Events:\n{event.replace('/a/{id}', '/0')}\n")
    kept, more = expanded(text), expanded(longer)
    routes = {name for name in kept if kept[name]["Type"].split("::")[-1] in {"Route", "Method", "Resource"}}
    assert {name: more[name] for name in routes} == {name: kept[name] for name in routes}
    assert len(more) > len(kept)


def test_the_routes_of_an_http_api_are_resources() -> None:
    """Routes, integrations, the authorizer with its own settings, and CORS come out of the body."""
    resources = expanded(HTTP)
    routes = of_type(resources, "AWS::ApiGatewayV2::Route").values()
    assert {(each["RouteKey"], each["AuthorizationType"]) for each in routes} == {
        ("GET /a/{id}", "CUSTOM"),
        ("ANY /a/b", "NONE"),
    }
    [authorizer] = of_type(resources, "AWS::ApiGatewayV2::Authorizer").values()
    assert (authorizer["AuthorizerResultTtlInSeconds"], authorizer["EnableSimpleResponses"]) == (0, True)
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    [api] = of_type(resources, "AWS::ApiGatewayV2::Api").values()
    assert api["CorsConfiguration"] == {"allowOrigins": ["https://app.example"], "maxAge": 5}
    assert (api["ProtocolType"], "Body" in api) == ("HTTP", False)


@pytest.mark.parametrize("names", [("AllowOrigins", "MaxAge"), ("allowOrigins", "maxAge")])
def test_cors_has_the_names_of_the_api(names: tuple[str, str]) -> None:
    """The emulator stores the configuration of a template as it is, and reads the names of the API."""
    kind = "AWS::ApiGatewayV2::Api"
    cors = dict(zip(names, (["*"], 5), strict=True))
    api = {"Type": kind, "Properties": {"CorsConfiguration": cors}}
    template: dict[str, Any] = {"Resources": {"Api": api, "B": {"Type": kind}}}
    write_cors_in_api_case(template)
    assert template["Resources"]["Api"]["Properties"] == {"CorsConfiguration": {"allowOrigins": ["*"], "maxAge": 5}}


def test_a_template_without_bodies_stays_as_it_is() -> None:
    """The stack's own template has plain resources."""
    template = {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {}}, "T": {"Type": "X"}}}
    before = repr(template)
    expand_api_bodies(template)
    write_cors_in_api_case(template)
    assert repr(template) == before
