"""The account's APIs that call one authorizer function, with their authorizers, routes and stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from authorizer.request import ApiKind
from keyturn.domain.access.api_rules import ANY_METHOD, NAMED_ROUTES

# API Gateway's default TTL for an authorizer of a REST API; for an HTTP API it is 0.
_REST_TTL = 300
_TOKEN_SOURCE = "method.request.header.Authorization"
# The API key selection expression of a WebSocket API for the authorizer's key; the default reads a header.
_KEY_OF_AUTHORIZER = "$context.authorizer.usageIdentifierKey"
# The largest page of GetResources; the default is 25.
_PAGE = {"PageSize": 500}

REST, HTTP, WEBSOCKET = "REST", "HTTP", "WebSocket"


class GatewayAuthorizer(NamedTuple):
    """One authorizer of an API that invokes the function: `ttl` of its result cache in seconds.

    `simple` is EnableSimpleResponses; `qualifier` is the version or alias of the function, or empty.
    """

    kind: ApiKind
    name: str
    ttl: int
    identity_sources: tuple[str, ...]
    simple: bool
    qualifier: str


class Route(NamedTuple):
    """One route: `authorizer` is None if it does not call the function; `protection` is the authorization type."""

    method: str
    template: str
    protection: str
    authorizer: GatewayAuthorizer | None

    def __str__(self) -> str:
        """Return the route as an access rule names it."""
        return self.template if self.template in NAMED_ROUTES else f"{self.method} {self.template}"


class Api(NamedTuple):
    """An API with at least one authorizer that invokes the function, by the authorizer's id.

    `asks_for_key` is whether the API takes the API keys of its usage plans from the authorizer.
    `cors` is whether an HTTP API has a CORS configuration: API Gateway then answers preflights without a route.
    """

    kind: str
    id: str
    name: str
    authorizers: dict[str, GatewayAuthorizer]
    asks_for_key: bool = False
    cors: bool = False

    def __str__(self) -> str:
        """Return kind, name and id for an operator."""
        return f"{self.kind} API {self.name} ({self.id})"

    @property
    def cached(self) -> bool:
        """Whether API Gateway caches the results of an authorizer."""
        return any(each.ttl for each in self.authorizers.values())


class Inventory(NamedTuple):
    """The APIs that call the function, and a sentence for each part that could not be listed."""

    apis: list[Api]
    missing: list[str]


class ProtectedApis:
    """Reads API Gateway with the operator's own rights, in the stack's account and Region.

    `rest` and `http` are boto3's clients for `apigateway` and `apigatewayv2`; `authorizer_arn` is the function's.
    """

    def __init__(self, rest: Any, http: Any, authorizer_arn: str) -> None:
        self._rest = rest
        self._http = http
        self._function = f"/functions/{authorizer_arn}"
        self.account = execute_api_account(authorizer_arn)

    def find(self) -> Inventory:
        """Return the APIs that call the function; an API whose authorizers cannot be listed is missing."""
        found = Inventory([], [])
        self._collect(self._rest, "get_rest_apis", "items", self._rest_api, found)
        self._collect(self._http, "get_apis", "Items", self._http_api, found)
        return found

    def routes(self, api: Api) -> list[Route]:
        """Return the API's configured routes; raises the errors of boto3."""
        if api.kind == REST:
            pages = self._rest.get_paginator("get_resources").paginate(
                restApiId=api.id, embed=["methods"], PaginationConfig=_PAGE
            )
            return [
                Route(name, resource["path"], method.get("authorizationType", "NONE"), _asked_by(api, method))
                for page in pages
                for resource in page.get("items", [])
                for name, method in sorted(resource.get("resourceMethods", {}).items())
            ]
        return [
            Route(*_route_key(route["RouteKey"]), route.get("AuthorizationType", "NONE"), _asked_by(api, route))
            for page in self._http.get_paginator("get_routes").paginate(ApiId=api.id)
            for route in page["Items"]
        ]

    def stages(self, api: Api) -> list[str]:
        """Return the names of the API's stages; raises the errors of boto3."""
        if api.kind == REST:
            return [stage["stageName"] for stage in self._rest.get_stages(restApiId=api.id)["item"]]
        pages = self._http.get_paginator("get_stages").paginate(ApiId=api.id)
        return [stage["StageName"] for page in pages for stage in page["Items"]]

    def stale_stages(self, api: Api, routes: list[Route]) -> list[str]:
        """Return the stages that may serve other routes than the configured ones; raises the errors of boto3.

        A stage of a REST API serves the routes of its deployment, whose summary is compared. Deployments of the other
        kinds have no summary, so that each of their stages counts unless it is deployed automatically.
        """
        if api.kind != REST:
            pages = self._http.get_paginator("get_stages").paginate(ApiId=api.id)
            return [stage["StageName"] for page in pages for stage in page["Items"] if not stage.get("AutoDeploy")]
        configured = {(route.template, route.method) for route in routes}
        return [
            stage["stageName"]
            for stage in self._rest.get_stages(restApiId=api.id)["item"]
            if self._deployed(api, stage) not in (set(), configured)
        ]

    def _deployed(self, api: Api, stage: Any) -> set[tuple[str, str]]:
        deployment = self._rest.get_deployment(
            restApiId=api.id, deploymentId=stage["deploymentId"], embed=["apisummary"]
        )
        return {(path, method) for path, methods in deployment.get("apiSummary", {}).items() for method in methods}

    def flush(self, api: Api, stage: str) -> None:
        """Empty the result cache of a stage; raises the errors of boto3."""
        if api.kind == REST:
            self._rest.flush_stage_authorizers_cache(restApiId=api.id, stageName=stage)
        else:
            self._http.reset_authorizers_cache(ApiId=api.id, StageName=stage)

    def _collect(self, service: Any, operation: str, member: str, read: Callable[[Any], Api], found: Inventory) -> None:
        try:
            for page in service.get_paginator(operation).paginate():
                for each in page.get(member, []):
                    self._collect_one(each, read, found)
        except (BotoCoreError, ClientError) as fault:
            kind = "REST APIs" if operation == "get_rest_apis" else "HTTP and WebSocket APIs"
            found.missing.append(f"the {kind} cannot be listed: {fault}")

    def _collect_one(self, described: Any, read: Callable[[Any], Api], found: Inventory) -> None:
        try:
            api = read(described)
        except (BotoCoreError, ClientError) as fault:
            name = described.get("id") or described.get("ApiId")
            found.missing.append(f"the authorizers of API {name} cannot be listed: {fault}")
            return
        if api.authorizers:
            found.apis.append(api)

    def _rest_api(self, described: Any) -> Api:
        pages = self._rest.get_paginator("get_authorizers").paginate(restApiId=described["id"])
        authorizers = {
            each["id"]: _rest_authorizer(each, qualifier)
            for each, qualifier in self._invoking(pages, "items", "authorizerUri")
        }
        asks_for_key = described.get("apiKeySource") == "AUTHORIZER"
        return Api(REST, described["id"], described.get("name", "-"), authorizers, asks_for_key)

    def _http_api(self, described: Any) -> Api:
        kind = WEBSOCKET if described.get("ProtocolType") == "WEBSOCKET" else HTTP
        pages = self._http.get_paginator("get_authorizers").paginate(ApiId=described["ApiId"])
        authorizers = {
            each["AuthorizerId"]: _http_authorizer(kind, each, qualifier)
            for each, qualifier in self._invoking(pages, "Items", "AuthorizerUri")
        }
        asks_for_key = described.get("ApiKeySelectionExpression") == _KEY_OF_AUTHORIZER
        cors = bool(described.get("CorsConfiguration"))
        return Api(kind, described["ApiId"], described["Name"], authorizers, asks_for_key, cors)

    def _invoking(self, pages: Any, member: str, uri: str) -> Iterator[tuple[Any, str]]:
        """Yield each authorizer whose URI names the function, with the version or alias in the URI."""
        for page in pages:
            for each in page.get(member, []):
                _, named, rest = each.get(uri, "").partition(self._function)
                if named and rest[:1] in ("/", ":"):
                    yield each, rest.partition("/")[0].removeprefix(":")


def _rest_authorizer(described: Any, qualifier: str) -> GatewayAuthorizer:
    kind = ApiKind.REST_TOKEN if described.get("type", "TOKEN") == "TOKEN" else ApiKind.REST_REQUEST
    sources = described.get("identitySource", _TOKEN_SOURCE if kind is ApiKind.REST_TOKEN else "")
    return GatewayAuthorizer(
        kind=kind,
        name=described.get("name", "-"),
        ttl=described.get("authorizerResultTtlInSeconds", _REST_TTL),
        identity_sources=tuple(source.strip() for source in sources.split(",") if source.strip()),
        simple=False,
        qualifier=qualifier,
    )


def _http_authorizer(api_kind: str, described: Any, qualifier: str) -> GatewayAuthorizer:
    if api_kind == WEBSOCKET:
        kind = ApiKind.WEBSOCKET
    else:
        kind = ApiKind.HTTP_2_0 if described.get("AuthorizerPayloadFormatVersion") == "2.0" else ApiKind.HTTP_1_0
    return GatewayAuthorizer(
        kind=kind,
        name=described.get("Name", "-"),
        # API Gateway has no result cache for WebSocket APIs.
        ttl=0 if kind is ApiKind.WEBSOCKET else described.get("AuthorizerResultTtlInSeconds", 0),
        identity_sources=tuple(described.get("IdentitySource", [])),
        simple=described.get("EnableSimpleResponses", False),
        qualifier=qualifier,
    )


def execute_api_account(function_arn: str) -> str:
    """Return `arn:<partition>:execute-api:<region>:<account id>` of the ARN of a function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:execute-api:{region}:{account}"


def _asked_by(api: Api, route: Any) -> GatewayAuthorizer | None:
    """Return the authorizer that a route calls: a route of another authorization type may name one unused."""
    if (route.get("authorizationType") or route.get("AuthorizationType")) != "CUSTOM":
        return None
    return api.authorizers.get(route.get("authorizerId") or route.get("AuthorizerId") or "")


def _route_key(key: str) -> tuple[str, str]:
    method, _, template = key.rpartition(" ")
    return method or ANY_METHOD, template
