"""APIs of several kinds with the same routes, made and removed by API Gateway's own calls.

An HTTP API with payload format 1.0 is left out: the emulator's event of it lacks the version, and passes for REST.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from local.examples import HTTP, REST
from tests.integration.aws import aws, backend_arn
from tests.integration.http import CLIENT
from tests.integration.websocket_handshake import open_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack_file import StackFile

ROUTES = (
    "GET /me",
    "GET /reports",
    "POST /reports",
    "ANY /files/{proxy+}",
    "GET /items/{id}",
    "GET /items/special",
)
STAGE = "live"


class RoutedApi(NamedTuple):
    """An API by its id, and the URL below which its routes are."""

    id: str
    url: str

    def ask(self, method: str, path: str, token: str) -> int:
        """Return the status of a request; of a WebSocket handshake 200 stands for 101 (RFC 6455 §4.1)."""
        if path == "$connect":
            status = open_websocket(self.url, {"Authorization": f"Bearer {token}"})
            return 200 if status == 101 else status
        return CLIENT.request(method, self.url + path, headers={"Authorization": f"Bearer {token}"}).status_code


@contextmanager
def routed_apis(stack: StackFile) -> Iterator[Mapping[str, RoutedApi]]:
    """Return an API of each kind; the HTTP APIs have `$default` too, and one of them takes policies."""
    rest, http_service = aws(stack, "apigateway"), aws(stack, "apigatewayv2")
    uri = _uri(stack.outputs["AuthorizerArn"])
    # An HTTP API alone nests the authorizer's answer in its event.
    nested, flat = backend_arn(stack, HTTP), backend_arn(stack, REST)
    apis = {
        "rest_token": _rest_api(rest, uri, flat, "TOKEN"),
        "rest_request": _rest_api(rest, uri, flat, "REQUEST"),
        "http_simple": _http_api(http_service, uri, nested, simple=True),
        "http_policy": _http_api(http_service, uri, nested, simple=False),
        "websocket": _websocket_api(http_service, uri, flat),
    }
    begin = f"{stack.emulator['endpoint_url']}/_aws/execute-api"
    try:
        yield {
            name: RoutedApi(api, f"{begin}/{api}" + ("" if name.startswith("http") else f"/{STAGE}"))
            for name, api in apis.items()
        }
    finally:
        for name, api in apis.items():
            if name.startswith("rest"):
                rest.delete_rest_api(restApiId=api)
            else:
                http_service.delete_api(ApiId=api)


def _uri(function: str) -> str:
    region = function.split(":")[3]
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"


def _rest_api(rest: Any, uri: str, backend: str, kind: str) -> str:
    api: str = rest.create_rest_api(name=kind.lower())["id"]
    authorizer = rest.create_authorizer(
        restApiId=api,
        name="keyturn",
        type=kind,
        authorizerUri=uri,
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=0,
    )["id"]
    resources = {"": next(each["id"] for each in rest.get_resources(restApiId=api)["items"] if each["path"] == "/")}
    for route in ROUTES:
        method, _, path = route.partition(" ")
        parent = ""
        for part in path[1:].split("/"):
            if f"{parent}/{part}" not in resources:
                made = rest.create_resource(restApiId=api, parentId=resources[parent], pathPart=part)
                resources[f"{parent}/{part}"] = made["id"]
            parent = f"{parent}/{part}"
        where = {"restApiId": api, "resourceId": resources[path], "httpMethod": method}
        rest.put_method(**where, authorizationType="CUSTOM", authorizerId=authorizer)
        rest.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=_uri(backend))
    rest.create_deployment(restApiId=api, stageName=STAGE)
    return api


def _http_api(service: Any, uri: str, backend: str, *, simple: bool) -> str:
    api: str = service.create_api(Name="simple" if simple else "policy", ProtocolType="HTTP")["ApiId"]
    authorizer = service.create_authorizer(
        ApiId=api,
        Name="keyturn",
        AuthorizerType="REQUEST",
        AuthorizerUri=uri,
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=simple,
        AuthorizerResultTtlInSeconds=0,
        IdentitySource=["$request.header.Authorization"],
    )["AuthorizerId"]
    integration = service.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=backend, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for route in (*ROUTES, "$default"):
        service.create_route(
            ApiId=api,
            RouteKey=route,
            AuthorizationType="CUSTOM",
            AuthorizerId=authorizer,
            Target=f"integrations/{integration}",
        )
    service.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return api


def _websocket_api(service: Any, uri: str, backend: str) -> str:
    expression = "$request.body.action"
    api: str = service.create_api(Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression=expression)["ApiId"]
    authorizer = service.create_authorizer(
        ApiId=api, Name="keyturn", AuthorizerType="REQUEST", AuthorizerUri=uri, IdentitySource=[]
    )["AuthorizerId"]
    integration = service.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=backend)
    service.create_route(
        ApiId=api,
        RouteKey="$connect",
        AuthorizationType="CUSTOM",
        AuthorizerId=authorizer,
        Target=f"integrations/{integration['IntegrationId']}",
    )
    service.create_stage(ApiId=api, StageName=STAGE, AutoDeploy=True)
    return api
