"""The answers that API Gateway keeps are flushed where there are any, and what could not be is said."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from keyturn_cli import app as command_line
from keyturn_cli import gateway
from keyturn_cli.gateway import Gateways

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"


def uri(arn: str) -> str:
    """Return the URI by which API Gateway calls a function."""
    return f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{arn}/invocations"


class Apis:
    """Both services of API Gateway: some APIs with an authorizer each; `denied` are those that may not be flushed."""

    def __init__(self, *apis: dict[str, Any], denied: frozenset[str] = frozenset()) -> None:
        self.apis = {api["id"]: api for api in apis}
        self.denied = denied
        self.flushed: list[tuple[str, str]] = []

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, f"_{operation}"))

    def _get_rest_apis(self) -> list[Any]:
        return [{"items": [{"id": api, "name": "orders"}]} for api in self.apis]

    def _get_apis(self) -> list[Any]:
        return [{"Items": [{"ApiId": api, "Name": "orders"}]} for api in self.apis]

    def _get_authorizers(self, **api: str) -> list[Any]:
        [(name, value)] = api.items()
        found = {key: each for key, each in self.apis[value].items() if key != "id"}
        return [{"items": [], "Items": []}, {"items": [found]} if name == "restApiId" else {"Items": [found]}]

    def get_stages(self, restApiId: str) -> Any:  # noqa: N803 - boto3's name
        return {"item": [{"stageName": "prod"}, {"stageName": "test"}]}

    def _get_stages(self, **_api: str) -> list[Any]:
        return [{"Items": [{"StageName": "$default"}]}]

    def _flush(self, api: str, stage: str) -> None:
        if api in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Flush")
        self.flushed.append((api, stage))

    def flush_stage_authorizers_cache(self, restApiId: str, stageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(restApiId, stageName)

    def reset_authorizers_cache(self, ApiId: str, StageName: str) -> None:  # noqa: N803 - boto3's names
        self._flush(ApiId, StageName)


def run(monkeypatch: pytest.MonkeyPatch, rest: Apis, http: Apis, *arguments: str) -> Any:
    """Run `keyturn gateway flush`."""
    monkeypatch.setattr(gateway, "find_deployment", lambda *_: None)
    monkeypatch.setattr(gateway, "gateways_of", lambda _: Gateways(rest, http, ARN))
    return CliRunner().invoke(command_line.app, ["gateway", "flush", *arguments])


def test_every_stage_that_keeps_answers_of_ours_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """REST APIs keep answers unless they say otherwise, HTTP APIs if they say so; other authorizers are left alone."""
    rest = Apis(
        {"id": "default", "authorizerUri": uri(ARN)},
        {"id": "kept", "authorizerUri": uri(f"{ARN}:live"), "authorizerResultTtlInSeconds": 60},
        {"id": "off", "authorizerUri": uri(ARN), "authorizerResultTtlInSeconds": 0},
        {"id": "other", "authorizerUri": uri(f"{ARN}-of-another")},
        {"id": "cognito"},
    )
    http = Apis(
        {"id": "h-default", "AuthorizerUri": uri(ARN)},
        {"id": "h-kept", "AuthorizerUri": uri(ARN), "AuthorizerResultTtlInSeconds": 60},
        {"id": "h-jwt"},
    )
    result = run(monkeypatch, rest, http)
    assert result.exit_code == 0
    assert rest.flushed == [("default", "prod"), ("default", "test"), ("kept", "prod"), ("kept", "test")]
    assert http.flushed == [("h-kept", "$default")]
    assert "done: flushed the authorizer's answers of REST API orders (kept), stage prod" in result.stdout


def test_what_could_not_be_flushed_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """One API that refuses stops no other, and the exit code is 1."""
    rest = Apis({"id": "a", "authorizerUri": uri(ARN)}, {"id": "b", "authorizerUri": uri(ARN)}, denied=frozenset("a"))
    result = run(monkeypatch, rest, Apis())
    assert result.exit_code == 1
    assert rest.flushed == [("b", "prod"), ("b", "test")]
    assert "aws apigateway flush-stage-authorizers-cache --rest-api-id a --stage-name 'prod'" in result.stderr
    told = json.loads(run(monkeypatch, rest, Apis(), "--json").stdout)
    assert (len(told["flushed"]), len(told["not_flushed"])) == (2, 2)


def test_apis_that_cannot_be_listed_are_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator without the right to look learns that nothing was flushed."""

    class Denied(Apis):
        def _get_apis(self) -> list[Any]:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetApis")

    rest = Apis({"id": "a", "authorizerUri": uri(ARN)})
    result = run(monkeypatch, rest, Denied())
    assert result.exit_code == 1
    assert rest.flushed
    assert "not done: the APIs of this authorizer cannot be listed" in result.stderr


def test_where_nothing_is_kept_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of the template keeps nothing."""
    result = run(monkeypatch, Apis(), Apis())
    assert (result.exit_code, result.stdout[:13]) == (0, "note: no API ")
