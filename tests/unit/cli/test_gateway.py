"""`keyturn gateway flush`: cached authorizer results are flushed where there are any, and what could not be is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from keyturn_cli import app as command_line
from keyturn_cli import gateway
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.gateway_apis import ARN, Apis, http_api, rest_api, uri, websocket_api


def run(monkeypatch: pytest.MonkeyPatch, rest: Apis, http: Apis, *arguments: str) -> Any:
    """Run `keyturn gateway flush`."""
    monkeypatch.setattr(gateway, "deployment_to_change", lambda *_: None)
    monkeypatch.setattr(gateway, "gateways_of", lambda _: ProtectedApis(rest, http, ARN))
    return CliRunner().invoke(command_line.app, ["gateway", "flush", *arguments])


def test_every_stage_that_keeps_answers_of_ours_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """REST APIs cache results unless they say otherwise, HTTP APIs if they say so; other authorizers are left alone."""
    rest = Apis(
        rest_api("default", authorizerResultTtlInSeconds=None),
        rest_api("kept", authorizerUri=uri(f"{ARN}:live"), authorizerResultTtlInSeconds=60),
        rest_api("off", authorizerResultTtlInSeconds=0),
        rest_api("other", authorizerUri=uri(f"{ARN}-of-another"), authorizerResultTtlInSeconds=60),
        rest_api("cognito", authorizerUri=None, authorizerResultTtlInSeconds=60),
    )
    http = Apis(
        http_api("h-default"),
        http_api("h-kept", AuthorizerResultTtlInSeconds=60),
        http_api("h-jwt", AuthorizerUri=None, AuthorizerResultTtlInSeconds=60),
        websocket_api("socket"),
    )
    result = run(monkeypatch, rest, http)
    assert result.exit_code == 0
    assert rest.flushed == [("default", "prod"), ("default", "test"), ("kept", "prod"), ("kept", "test")]
    assert http.flushed == [("h-kept", "$default")]
    assert "done: flushed the cached authorizer results of REST API orders (kept), stage prod" in result.stdout


def test_what_could_not_be_flushed_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """One API that refuses stops no other, and the exit code is 1."""
    kept: dict[str, Any] = {"authorizerResultTtlInSeconds": 60}
    rest = Apis(rest_api("a", **kept), rest_api("b", **kept), denied=frozenset({"flush a"}))
    http = Apis(http_api("h", AuthorizerResultTtlInSeconds=60), denied=frozenset({"flush h"}))
    result = run(monkeypatch, rest, http)
    assert result.exit_code == 1
    assert rest.flushed == [("b", "prod"), ("b", "test")]
    assert "aws apigateway flush-stage-authorizers-cache --rest-api-id a --stage-name 'prod'" in result.stderr
    assert "aws apigatewayv2 reset-authorizers-cache --api-id h --stage-name '$default'" in result.stderr
    report = json.loads(run(monkeypatch, rest, http, "--json").stdout)
    assert (len(report["flushed"]), len(report["not_flushed"])) == (2, 3)


@pytest.mark.parametrize(
    ("denied", "what"),
    [
        ("get_apis", "the HTTP and WebSocket APIs cannot be listed"),
        ("get_authorizers h1", "the authorizers of API h1 cannot be listed"),
        ("get_stages h1", "HTTP API orders (h1): its stages cannot be listed"),
    ],
)
def test_apis_that_cannot_be_listed_are_said_too(monkeypatch: pytest.MonkeyPatch, denied: str, what: str) -> None:
    """An operator without a right to look learns what was not flushed, and everything else is."""
    kept: dict[str, Any] = {"AuthorizerResultTtlInSeconds": 60}
    http = Apis(http_api("h1", **kept), http_api("h2", **kept), denied=frozenset({denied}))
    rest = Apis(rest_api("a", authorizerResultTtlInSeconds=None))
    result = run(monkeypatch, rest, http)
    assert result.exit_code == 1
    assert rest.flushed
    assert http.flushed == ([] if denied == "get_apis" else [("h2", "$default")])
    assert f"not done: {what}" in result.stderr


def test_where_nothing_is_kept_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of the template keeps nothing."""
    result = run(monkeypatch, Apis(), Apis())
    assert (result.exit_code, result.stdout[:13]) == (0, "note: no API ")
