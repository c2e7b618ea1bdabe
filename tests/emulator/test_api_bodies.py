"""The emulator's contract about the OpenAPI bodies of APIs; if it gains one, delete the row of `LIMITATIONS`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.emulator import Emulator

CORS = {"AllowOrigins": ["https://app.example"]}
REST_BODY = {
    "swagger": "2.0",
    "info": {"title": "rest", "version": "1"},
    "paths": {
        "/a": {
            "options": {
                "responses": {"200": {"description": "", "headers": {"X-A": {"type": "string"}}}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {
                        "default": {
                            "statusCode": "200",
                            "responseParameters": {"method.response.header.X-A": "'a'"},
                        }
                    },
                },
            }
        }
    },
    "x-amazon-apigateway-gateway-responses": {"ACCESS_DENIED": {"statusCode": "403"}},
}
HTTP_BODY = {
    "openapi": "3.0.1",
    "info": {"title": "http", "version": "1"},
    "paths": {"/a": {"get": {"responses": {}}}},
    "x-amazon-apigateway-cors": {"allowOrigins": ["https://app.example"]},
}


def test_cloudformation_reads_little_of_a_body(emulator: Emulator) -> None:
    """The embedded stack deploys a body as resources of their own (`expand_api_bodies`, `write_cors_in_api_case`).

    AWS imports all of it. The emulator drops gateway responses, and the headers of mock integrations. It has no routes
    of an HTTP API, and stores a CORS configuration under names that its gateway ignores.
    """
    resources: dict[str, Any] = {
        "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": REST_BODY}},
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": HTTP_BODY}},
        "Cors": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "cors", "ProtocolType": "HTTP", "CorsConfiguration": CORS},
        },
    }
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="bodies", TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="bodies", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    found = cloudformation.list_stack_resources(StackName="bodies")["StackResourceSummaries"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
    rest, http = emulator.client("apigateway"), emulator.client("apigatewayv2")
    [resource] = [each for each in rest.get_resources(restApiId=ids["Rest"])["items"] if each["path"] == "/a"]
    mock = rest.get_integration(restApiId=ids["Rest"], resourceId=resource["id"], httpMethod="OPTIONS")
    assert not mock.get("integrationResponses")
    response = rest.get_gateway_response(restApiId=ids["Rest"], responseType="ACCESS_DENIED")
    assert response["defaultResponse"] is True
    assert http.get_routes(ApiId=ids["Http"])["Items"] == []
    assert http.get_api(ApiId=ids["Cors"])["CorsConfiguration"].get("AllowOrigins") is None
