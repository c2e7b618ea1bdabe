"""API Gateway's two services, as far as an operator reads them; every listing has two pages."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:authorizer"
OURS, NONE, OTHER = "ours", "NONE", "other"
_NO_ROUTES: Mapping[str, str] = {}
TOKEN_SOURCE = "$request.header.Authorization"


def uri(arn: str = ARN) -> str:
    """Return the URI by which API Gateway calls a function."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def rest_api(api_id: str, routes: Mapping[str, str] = _NO_ROUTES, **authorizer: Any) -> dict[str, Any]:
    """Return a REST API with its routes, such as `GET /x`, their protection, and one authorizer with these changes."""
    resources: dict[str, dict[str, Any]] = {"/": {"path": "/", "id": "root"}}
    for route, asks in routes.items():
        method, _, path = route.partition(" ")
        resource = resources.setdefault(path, {"path": path, "id": path})
        resource.setdefault("resourceMethods", {})[method] = {
            OURS: {"authorizationType": "CUSTOM", "authorizerId": "ours"},
            NONE: {"authorizationType": "NONE"},
            OTHER: {"authorizationType": "AWS_IAM"},
        }[asks]
    ours = {"id": "ours", "name": "keyturn", "type": "TOKEN", "authorizerUri": uri()}
    return {
        "id": api_id,
        "authorizer": _present(ours | {"authorizerResultTtlInSeconds": 0} | authorizer),
        "routes": list(resources.values()),
        "stages": [{"stageName": "prod", "deploymentId": "d1"}, {"stageName": "test", "deploymentId": "d1"}],
        "apiSummary": _summary(list(resources.values())),
    }


def http_api(api_id: str, routes: Mapping[str, str] = _NO_ROUTES, **authorizer: Any) -> dict[str, Any]:
    """Return an HTTP API with its route keys, their protection, and one authorizer with these changes."""
    ours = {
        "AuthorizerId": "ours",
        "Name": "keyturn",
        "AuthorizerUri": uri(),
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "IdentitySource": [TOKEN_SOURCE],
    }
    asking = {
        OURS: {"AuthorizationType": "CUSTOM", "AuthorizerId": "ours"},
        NONE: {"AuthorizationType": "NONE"},
        OTHER: {"AuthorizationType": "JWT", "AuthorizerId": "jwt"},
    }
    return {
        "id": api_id,
        "ProtocolType": "HTTP",
        "authorizer": _present(ours | authorizer),
        "routes": [{"RouteKey": key} | asking[asks] for key, asks in routes.items()],
        "stages": [{"StageName": "$default", "AutoDeploy": True}],
    }


def websocket_api(api_id: str, connect: str = OURS) -> dict[str, Any]:
    """Return a WebSocket API with the given protection of `$connect`."""
    api = http_api(api_id, {"$connect": connect, "$default": NONE, "send": NONE}, IdentitySource=[])
    del api["authorizer"]["EnableSimpleResponses"], api["authorizer"]["AuthorizerPayloadFormatVersion"]
    return api | {"ProtocolType": "WEBSOCKET"}


class Apis:
    """One service with its APIs; `denied` has operations: `get_apis`, or `get_routes h1` for one API."""

    def __init__(self, *apis: dict[str, Any], denied: frozenset[str] = frozenset()) -> None:
        self.apis = {api["id"]: api for api in apis}
        self.denied = denied
        self.flushed: list[tuple[str, str]] = []
        self.page_sizes: list[int | None] = []

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: self._paginate(operation, **arguments))

    def get_stages(self, restApiId: str) -> Any:  # noqa: N803 - boto3's name
        self._check("get_stages", restApiId)
        return {"item": self.apis[restApiId]["stages"]}

    def get_deployment(self, restApiId: str, deploymentId: str, embed: list[str]) -> Any:  # noqa: N803 - boto3's names
        self._check("get_deployment", restApiId)
        summary = {"apiSummary": self.apis[restApiId]["apiSummary"]} if embed == ["apisummary"] else {}
        return {"id": deploymentId} | summary

    def flush_stage_authorizers_cache(self, restApiId: str, stageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(restApiId, stageName)

    def reset_authorizers_cache(self, ApiId: str, StageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(ApiId, StageName)

    def _paginate(
        self,
        operation: str,
        *,
        restApiId: str = "",  # noqa: N803 - boto3's name
        ApiId: str = "",  # noqa: N803 - boto3's name
        embed: list[str] | None = None,
        PaginationConfig: dict[str, int] | None = None,  # noqa: N803 - boto3's name
    ) -> list[Any]:
        api_id = restApiId or ApiId
        self._check(operation, api_id)
        self.page_sizes.append((PaginationConfig or {}).get("PageSize"))
        items = self._items(operation, api_id)
        if operation == "get_resources" and embed != ["methods"]:
            items = [{name: resource[name] for name in ("id", "path")} for resource in items]
        half = len(items) // 2
        return [{"items": part, "Items": part} for part in (items[:half], items[half:])]

    def _items(self, operation: str, api_id: str) -> list[Any]:
        if operation in ("get_rest_apis", "get_apis"):
            described = ("ProtocolType", "CorsConfiguration", "ApiKeySelectionExpression", "apiKeySource")
            return [
                {"id": each, "ApiId": each, "name": "orders", "Name": "orders"}
                | {name: api[name] for name in described if name in api}
                for each, api in self.apis.items()
            ]
        part = {"get_authorizers": "authorizer", "get_stages": "stages"}.get(operation, "routes")
        found = self.apis[api_id].get(part, [])
        return [found] if isinstance(found, dict) else list(found)

    def _flush(self, api: str, stage: str) -> None:
        self._check("flush", api)
        self.flushed.append((api, stage))

    def _check(self, operation: str, api: str) -> None:
        if not self.denied.isdisjoint({operation, f"{operation} {api}"}):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def _present(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members without those that are None: API Gateway leaves them out."""
    return {name: value for name, value in members.items() if value is not None}


def _summary(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the routes of a deployment (GetDeployment with apisummary)."""
    return {
        resource["path"]: {
            method: {"authorizationType": each["authorizationType"], "apiKeyRequired": False}
            for method, each in resource["resourceMethods"].items()
        }
        for resource in resources
        if "resourceMethods" in resource
    }
