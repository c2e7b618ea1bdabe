"""`keyturn gateway`: flush the cached authorizer results of API Gateway, which a revocation does not reach."""

from __future__ import annotations

from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import print_json, print_line
from keyturn_cli.protected_apis import REST, Api, ProtectedApis

app = StackCommands(no_args_is_help=True, help="Flush the cached authorizer results of the protected APIs.")


def flush_caches(apis: ProtectedApis) -> dict[str, list[str]]:
    """Flush every stage with cached results; return the flushed stages, and the others with the command to type."""
    report: dict[str, list[str]] = {"flushed": [], "not_flushed": []}
    found = apis.find()
    for api in found.apis:
        if api.cached:
            _flush_api(apis, api, report)
    report["not_flushed"] += found.missing
    return report


def _flush_api(apis: ProtectedApis, api: Api, report: dict[str, list[str]]) -> None:
    try:
        stages = apis.stages(api)
    except (BotoCoreError, ClientError) as fault:
        report["not_flushed"].append(f"{api}: its stages cannot be listed: {fault}")
        return
    for stage in stages:
        try:
            apis.flush(api, stage)
            report["flushed"].append(f"{api}, stage {stage}")
        except (BotoCoreError, ClientError) as fault:
            report["not_flushed"].append(f"{api}, stage {stage}: {fault}; by hand: {_by_hand(api, stage)}")


def _by_hand(api: Api, stage: str) -> str:
    """Return the AWS CLI command that flushes the stage."""
    if api.kind == REST:
        return f"aws apigateway flush-stage-authorizers-cache --rest-api-id {api.id} --stage-name '{stage}'"
    return f"aws apigatewayv2 reset-authorizers-cache --api-id {api.id} --stage-name '{stage}'"


def print_flushed(report: dict[str, list[str]]) -> None:
    """Print the flushed stages, and the others on standard error."""
    for stage in report["flushed"]:
        print_line(f"done: flushed the cached authorizer results of {stage}")
    for what in report["not_flushed"]:
        print_line(f"not done: {what}", err=True)
    if not any(report.values()):
        print_line("note: no API in this account and Region caches authorizer results")


@app.callback()
def gateway() -> None:
    """Flush the cached authorizer results of the protected APIs."""


@app.command()
def flush(stack: Stack = None, as_json: AsJson = False) -> None:
    """Flush the cached authorizer results of each API that caches them (its TTL is not 0)."""
    report = flush_caches(gateways_of(deployment_to_change(stack, Path.cwd())))
    if as_json:
        print_json(report)
    else:
        print_flushed(report)
    if report["not_flushed"]:
        raise typer.Exit(1)


def gateways_of(deployment: Deployment) -> ProtectedApis:
    """Return the APIs that call this deployment's authorizer."""
    rest, http = deployment.client("apigateway"), deployment.client("apigatewayv2")
    return ProtectedApis(rest, http, deployment.authorizer_arn)
