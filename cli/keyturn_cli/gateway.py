"""`keyturn gateway`: the authorizer results that API Gateway caches, which no revocation can reach."""

from __future__ import annotations

from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import print_json, print_line
from keyturn_cli.protected_apis import REST, Api, ProtectedApis

app = StackCommands(no_args_is_help=True, help="Look after the APIs that the authorizer protects.")


def flush_caches(apis: ProtectedApis) -> dict[str, list[str]]:
    """Flush every stage with cached results; return what was flushed and what was not, each with what to do then."""
    told: dict[str, list[str]] = {"flushed": [], "not_flushed": []}
    found = apis.find()
    for api in found.apis:
        if api.cached:
            _flush_api(apis, api, told)
    told["not_flushed"] += found.missing
    return told


def _flush_api(apis: ProtectedApis, api: Api, told: dict[str, list[str]]) -> None:
    try:
        stages = apis.stages(api)
    except (BotoCoreError, ClientError) as fault:
        told["not_flushed"].append(f"{api}: its stages cannot be listed: {fault}")
        return
    for stage in stages:
        try:
            apis.flush(api, stage)
            told["flushed"].append(f"{api}, stage {stage}")
        except (BotoCoreError, ClientError) as fault:
            told["not_flushed"].append(f"{api}, stage {stage}: {fault}; by hand: {_by_hand(api, stage)}")


def _by_hand(api: Api, stage: str) -> str:
    """Return the command of the AWS CLI that does the same."""
    if api.kind == REST:
        return f"aws apigateway flush-stage-authorizers-cache --rest-api-id {api.id} --stage-name '{stage}'"
    return f"aws apigatewayv2 reset-authorizers-cache --api-id {api.id} --stage-name '{stage}'"


def tell(told: dict[str, list[str]]) -> None:
    """Print what was flushed, and on standard error what was not."""
    for stage in told["flushed"]:
        print_line(f"done: flushed the authorizer's answers of {stage}")
    for what in told["not_flushed"]:
        print_line(f"not done: {what}", err=True)
    if not any(told.values()):
        print_line("note: no API in this account and Region keeps answers of the authorizer")


@app.callback()
def gateway() -> None:
    """Look after the APIs that the authorizer protects."""


@app.command()
def flush(stack: Stack = None, as_json: AsJson = False) -> None:
    """Let API Gateway forget the authorizer's answers, where an API keeps them (its TTL is not 0)."""
    told = flush_caches(gateways_of(deployment_to_change(stack, Path.cwd())))
    if as_json:
        print_json(told)
    else:
        tell(told)
    if told["not_flushed"]:
        raise typer.Exit(1)


def gateways_of(deployment: Deployment) -> ProtectedApis:
    """Return the APIs that ask this deployment's authorizer."""
    rest, http = deployment.client("apigateway"), deployment.client("apigatewayv2")
    return ProtectedApis(rest, http, deployment.authorizer_arn)
