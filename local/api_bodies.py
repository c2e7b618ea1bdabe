"""The OpenAPI bodies of APIs as resources of their own.

SAM writes the routes of an API into its body. The emulator imports a part of a REST API's body, without gateway
responses and the responses of mock integrations; it ignores the body of an HTTP API.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_REST, _HTTP = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_ANY = "x-amazon-apigateway-any-method"
_DEFAULT = "$default"

_Operation = tuple[str, str, dict[str, Any]]


def expand_api_bodies(template: dict[str, Any]) -> None:
    """Replace the body of each API of the native template with the resources that it describes, in place."""
    resources = template["Resources"]
    for logical_id, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] not in (_REST, _HTTP) or "Body" not in properties:
            continue
        body = properties.pop("Body")
        properties.setdefault("Name", body["info"]["title"])
        if resource["Type"] == _HTTP:
            properties |= {"ProtocolType": "HTTP"} | _cors(body)
            resources |= _http_resources(logical_id, body)
        else:
            made = _rest_resources(logical_id, body)
            _let_deployments_wait(resources, logical_id, made)
            resources |= made


def write_cors_in_api_case(template: dict[str, Any]) -> None:
    """Write the CORS configuration of each HTTP API with the names that the emulator's gateway reads, in place."""
    for resource in template["Resources"].values():
        cors = resource.get("Properties", {}).get("CorsConfiguration") if resource["Type"] == _HTTP else None
        if cors is not None:
            resource["Properties"]["CorsConfiguration"] = {name[0].lower() + name[1:]: cors[name] for name in cors}


def _cors(body: dict[str, Any]) -> dict[str, Any]:
    cors = body.get("x-amazon-apigateway-cors")
    return {} if cors is None else {"CorsConfiguration": cors}


def _let_deployments_wait(resources: dict[str, Any], api: str, made: dict[str, Any]) -> None:
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::ApiGateway::Deployment" and properties.get("RestApiId") == {"Ref": api}:
            resource["DependsOn"] = sorted(made)


def _operations(body: dict[str, Any]) -> Iterator[_Operation]:
    """Yield method, path and description of each operation."""
    for path, item in body["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield "ANY" if method == _ANY else method.upper(), path, operation


def _authorizers(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    schemes = body.get("securityDefinitions") or body.get("components", {}).get("securitySchemes", {})
    return {name: scheme[_AUTHORIZER] for name, scheme in schemes.items() if _AUTHORIZER in scheme}


def _authorization(api: str, operation: dict[str, Any], authorizers: dict[str, Any]) -> dict[str, Any]:
    asked = [name for each in operation.get("security", ()) for name in each if name in authorizers]
    if not asked:
        return {"AuthorizationType": "NONE"}
    return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": f"{api}{asked[0]}Authorizer"}}


def _rest_resources(api: str, body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    owner = {"RestApiId": {"Ref": api}}
    authorizers = _authorizers(body)
    for name, described in authorizers.items():
        made[f"{api}{name}Authorizer"] = _resource(
            "AWS::ApiGateway::Authorizer",
            owner | _pascal(described) | {"Name": name, "Type": described["type"].upper()},
        )
    ids: dict[str, Any] = {"": {"Fn::GetAtt": [api, "RootResourceId"]}}
    for method, path, operation in _operations(body):
        parent = ""
        for part in path.strip("/").split("/") if path != "/" else ():
            below = f"{parent}/{part}"
            if below not in ids:
                name = f"{api}Resource{_named_by(below)}"
                made[name] = _resource("AWS::ApiGateway::Resource", owner | {"ParentId": ids[parent], "PathPart": part})
                ids[below] = {"Ref": name}
            parent = below
        made[f"{api}Method{_named_by(f'{method} {path}')}"] = _resource(
            "AWS::ApiGateway::Method",
            owner
            | {"ResourceId": ids[parent], "HttpMethod": method}
            | _authorization(api, operation, authorizers)
            | _rest_integration(operation),
        )
    for name, described in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        made[f"{api}Response{name.replace('_', '')}"] = _resource(
            "AWS::ApiGateway::GatewayResponse", owner | _pascal(described) | {"ResponseType": name}
        )
    return made


def _rest_integration(operation: dict[str, Any]) -> dict[str, Any]:
    described = operation["x-amazon-apigateway-integration"]
    answers = [_pascal(answer) for answer in described.get("responses", {}).values()]
    names = {
        "type": "Type",
        "httpMethod": "IntegrationHttpMethod",
        "uri": "Uri",
        "requestTemplates": "RequestTemplates",
    }
    integration = {names[name]: value for name, value in described.items() if name in names}
    return {
        "Integration": integration | {"Type": described["type"].upper(), "IntegrationResponses": answers},
        "MethodResponses": [
            {
                "StatusCode": status,
                "ResponseParameters": {f"method.response.header.{name}": True for name in answer.get("headers", ())},
            }
            for status, answer in operation.get("responses", {}).items()
        ],
    }


def _http_resources(api: str, body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    owner = {"ApiId": {"Ref": api}}
    authorizers = _authorizers(body)
    for name, described in authorizers.items():
        made[f"{api}{name}Authorizer"] = _resource(
            "AWS::ApiGatewayV2::Authorizer", owner | _pascal(described) | {"Name": name, "AuthorizerType": "REQUEST"}
        )
    for method, path, operation in _operations(body):
        integration, name = operation["x-amazon-apigateway-integration"], _named_by(f"{method} {path}")
        made[f"{api}Integration{name}"] = _resource(
            "AWS::ApiGatewayV2::Integration",
            owner
            | {
                "IntegrationType": integration["type"].upper(),
                "IntegrationUri": integration["uri"],
                "PayloadFormatVersion": integration["payloadFormatVersion"],
            },
        )
        made[f"{api}Route{name}"] = _resource(
            "AWS::ApiGatewayV2::Route",
            owner
            | {
                "RouteKey": _DEFAULT if path.strip("/") == _DEFAULT else f"{method} {path}",
                "Target": {"Fn::Sub": f"integrations/${{{api}Integration{name}}}"},
            }
            | _authorization(api, operation, authorizers),
        )
    return made


def _named_by(key: str) -> str:
    # A number would pass from one route to another when a route is added: the update would create a route twice.
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _pascal(described: dict[str, Any]) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: value for name, value in described.items() if name != "type"}


def _resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}
