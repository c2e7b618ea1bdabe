"""Changes to the deployed stack for one fact: each is undone, also when the fact does not hold."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.aws.patience import eventually
from tests.aws.stack import EXAMPLE_API, aws

_LOGGING = ("LogFormat", "ApplicationLogLevel", "SystemLogLevel", "LogGroup")


@contextlib.contextmanager
def environment(function: str, **variables: str) -> Iterator[None]:
    """Run a function with other variables, in sandboxes that are new."""
    before = _configuration(function)["Environment"]["Variables"]
    _configure(function, Environment={"Variables": before | variables})
    try:
        yield
    finally:
        _configure(function, Environment={"Variables": before})


@contextlib.contextmanager
def handler(function: str, name: str) -> Iterator[None]:
    """Run a function by another handler, in sandboxes that are new."""
    before = _configuration(function)["Handler"]
    _configure(function, Handler=name)
    try:
        yield
    finally:
        _configure(function, Handler=before)


@contextlib.contextmanager
def platform_reports(function: str) -> Iterator[None]:
    """Have Lambda write its own reports into the function's log, in sandboxes that are new."""
    before = {name: value for name, value in _configuration(function)["LoggingConfig"].items() if name in _LOGGING}
    _configure(function, LoggingConfig=before | {"SystemLogLevel": "INFO"})
    try:
        yield
    finally:
        _configure(function, LoggingConfig=before)


def _configuration(function: str) -> dict[str, Any]:
    found: dict[str, Any] = aws("lambda").get_function_configuration(FunctionName=function)
    return found


def _configure(function: str, **change: Any) -> None:
    aws("lambda").update_function_configuration(FunctionName=function, **change)
    status, _ = eventually(
        lambda: str(_configuration(function)["LastUpdateStatus"]),
        lambda status: status != "InProgress",
        seconds=120,
        pause=0.2,
    )
    assert status == "Successful", f"{function}: {status}"


@contextlib.contextmanager
def access_rules(resources: Mapping[str, str], answer: str) -> Iterator[None]:
    """Open any path of the example HTTP API to `reports:read`, by a rule for each of its routes."""
    routes = {key: ["reports:read"] for key in ("ANY /any/{proxy+}", "$default", "GET /format/{id}")}
    rules = {"apis": {resources[EXAMPLE_API]: {"answer": answer, "routes": routes}}}
    with environment(resources["AuthorizerFunction"], ACCESS_RULES=json.dumps(rules)):
        yield


@contextlib.contextmanager
def route(resources: Mapping[str, str], route_key: str, *, payload: str = "2.0", simple: bool = True) -> Iterator[None]:
    """Add a route to the example HTTP API, behind an authorizer that wants this payload and this kind of answer."""
    gateway, api = aws("apigatewayv2"), resources[EXAMPLE_API]
    # The example's template has both in the body of its API, so that its stack does not name them.
    [like] = gateway.get_authorizers(ApiId=api)["Items"]
    integration = gateway.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
    simple_answer = {"EnableSimpleResponses": simple} if payload == "2.0" else {}
    authorizer = gateway.create_authorizer(
        ApiId=api,
        Name=f"verification-{payload}-{'simple' if simple else 'policy'}",
        AuthorizerType="REQUEST",
        AuthorizerUri=like["AuthorizerUri"],
        AuthorizerPayloadFormatVersion=payload,
        AuthorizerResultTtlInSeconds=0,
        IdentitySource=["$request.header.Authorization"],
        **simple_answer,
    )["AuthorizerId"]
    try:
        created = gateway.create_route(
            ApiId=api,
            RouteKey=route_key,
            AuthorizationType="CUSTOM",
            AuthorizerId=authorizer,
            Target=f"integrations/{integration}",
        )["RouteId"]
        try:
            yield
        finally:
            gateway.delete_route(ApiId=api, RouteId=created)
    finally:
        gateway.delete_authorizer(ApiId=api, AuthorizerId=authorizer)
