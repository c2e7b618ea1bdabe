"""The answers that API Gateway keeps are flushed where there are any, and what could not be is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from keyturn.domain.access_rules import parse_access_rules
from keyturn_cli import app as command_line
from keyturn_cli import gateway
from keyturn_cli.gateway import Gateways
from keyturn_cli.rules import wrongly_kept
from tests.fakes.gateway_apis import ARN, Apis, uri


def run(monkeypatch: pytest.MonkeyPatch, rest: Apis, http: Apis, *arguments: str) -> Any:
    """Run `keyturn gateway flush`."""
    monkeypatch.setattr(gateway, "deployment_to_change", lambda *_: None)
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


def test_an_api_that_keeps_answers_by_the_token_alone_is_wrong_unless_the_rules_say_so() -> None:
    """R55, G2: a TTL is refused for an API whose answers are for one route, unless the key names the route."""
    by_token = {"answer": "policy", "cached_by": "token", "routes": {}}
    rules = parse_access_rules(json.dumps({"apis": {"whole": by_token, "h-whole": by_token, "*": {"routes": {}}}}))
    token, route = "method.request.header.Authorization", "context.httpMethod,context.resourcePath"
    rest = Apis(
        {"id": "default", "authorizerUri": uri(ARN), "identitySource": token},
        {"id": "routed", "authorizerUri": uri(ARN), "identitySource": f"{token},{route}"},
        {"id": "method", "authorizerUri": uri(ARN), "identitySource": f"{token},context.httpMethod"},
        {"id": "off", "authorizerUri": uri(ARN), "authorizerResultTtlInSeconds": 0},
        {"id": "whole", "authorizerUri": uri(ARN)},
        {"id": "other", "authorizerUri": uri(f"{ARN}-of-another")},
    )
    kept = {"AuthorizerUri": uri(ARN), "AuthorizerResultTtlInSeconds": 60}
    http = Apis(
        {"id": "h-kept"} | kept | {"IdentitySource": ["$request.header.Authorization"]},
        {"id": "h-routed"} | kept | {"IdentitySource": ["$request.header.Authorization", "$context.routeKey"]},
        {"id": "h-whole"} | kept,
        {"id": "h-off", "AuthorizerUri": uri(ARN)},
    )
    wrong = wrongly_kept(Gateways(rest, http, ARN), rules)
    assert [each.split(" keeps")[0] for each in wrong] == [
        "REST API orders (default)",
        "REST API orders (method)",
        "HTTP API orders (h-kept)",
    ]
    assert "300 s by the token alone" in wrong[0]
    assert 'or "cached_by": "token" in apis."h-kept"' in wrong[2]


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
