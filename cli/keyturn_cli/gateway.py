"""`keyturn gateway`: the answers that API Gateway keeps of this stack's authorizer, which no revocation can reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.deployment import Deployment, deployment_to_change
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import print_json, print_line

# API Gateway's own, where a REST API's authorizer names none; an HTTP API's keeps nothing then.
_REST_TTL = 300

app = StackCommands(no_args_is_help=True, help="Look after the APIs that the authorizer protects.")


class KeptAnswers(NamedTuple):
    """An API whose authorizer's answers are kept; `names_route` where what they are kept by names the route."""

    kind: str
    api: str
    name: str
    seconds: int
    names_route: bool

    def __str__(self) -> str:
        """Say which, as an operator knows it."""
        return f"{self.kind} API {self.name} ({self.api})"


class CachedStage(NamedTuple):
    """A stage of an API whose authorizer's answers are kept for a time."""

    kind: str
    api: str
    name: str
    stage: str

    def __str__(self) -> str:
        """Say which, as an operator knows it."""
        return f"{self.kind} API {self.name} ({self.api}), stage {self.stage}"

    @property
    def by_hand(self) -> str:
        """The command of the AWS CLI that does the same."""
        if self.kind == "REST":
            return f"aws apigateway flush-stage-authorizers-cache --rest-api-id {self.api} --stage-name '{self.stage}'"
        return f"aws apigatewayv2 reset-authorizers-cache --api-id {self.api} --stage-name '{self.stage}'"


class Gateways:
    """The account's APIs in the stack's Region that ask one authorizer function."""

    def __init__(self, rest: Any, http: Any, authorizer_arn: str) -> None:
        """Take boto3's clients, with the operator's own rights, and the function's ARN."""
        self._rest = rest
        self._http = http
        # A version or an alias of the function may follow.
        self._uris = tuple(f"/functions/{authorizer_arn}{end}" for end in ("/", ":"))

    def kept_answers(self) -> Iterator[KeptAnswers]:
        """Yield, for each authorizer of ours whose TTL is not 0, its API."""
        for page in self._rest.get_paginator("get_rest_apis").paginate():
            for api in page["items"]:
                for found in self._rest.get_paginator("get_authorizers").paginate(restApiId=api["id"]):
                    for each in found["items"]:
                        seconds, key = each.get("authorizerResultTtlInSeconds", _REST_TTL), each.get("identitySource")
                        if seconds and self._is_ours(each.get("authorizerUri")):
                            yield KeptAnswers("REST", api["id"], api.get("name", "-"), seconds, _names_route(key or ""))
        for page in self._http.get_paginator("get_apis").paginate():
            for api in page["Items"]:
                for found in self._http.get_paginator("get_authorizers").paginate(ApiId=api["ApiId"]):
                    for each in found["Items"]:
                        seconds, keys = each.get("AuthorizerResultTtlInSeconds"), each.get("IdentitySource", [])
                        if seconds and self._is_ours(each.get("AuthorizerUri")):
                            yield KeptAnswers("HTTP", api["ApiId"], api["Name"], seconds, _names_route(" ".join(keys)))

    def cached_stages(self) -> Iterator[CachedStage]:
        """Yield the stages whose authorizer results are kept."""
        seen = set()
        for kept in self.kept_answers():
            if kept.api not in seen:
                seen.add(kept.api)
                for stage in self._stages(kept.kind, kept.api):
                    yield CachedStage(kept.kind, kept.api, kept.name, stage)

    def _stages(self, kind: str, api: str) -> Iterator[str]:
        if kind == "REST":
            for stage in self._rest.get_stages(restApiId=api)["item"]:
                yield stage["stageName"]
            return
        for page in self._http.get_paginator("get_stages").paginate(ApiId=api):
            for stage in page["Items"]:
                yield stage["StageName"]

    def flush(self, cached: CachedStage) -> None:
        """Let API Gateway forget what the authorizer said; raises what boto3 raises."""
        if cached.kind == "REST":
            self._rest.flush_stage_authorizers_cache(restApiId=cached.api, stageName=cached.stage)
        else:
            self._http.reset_authorizers_cache(ApiId=cached.api, StageName=cached.stage)

    def _is_ours(self, uri: str | None) -> bool:
        return uri is not None and any(each in uri for each in self._uris)


def _names_route(identity_source: str) -> bool:
    """Tell whether a key of kept answers differs from route to route."""
    return "context.routeKey" in identity_source or (
        "context.httpMethod" in identity_source
        and ("context.resourcePath" in identity_source or "context.path" in identity_source)
    )


def flush_caches(gateways: Gateways) -> dict[str, list[str]]:
    """Flush every stage that keeps answers; return what was flushed and what was not, each with what to do then."""
    told: dict[str, list[str]] = {"flushed": [], "not_flushed": []}
    try:
        for cached in gateways.cached_stages():
            try:
                gateways.flush(cached)
                told["flushed"].append(str(cached))
            except (BotoCoreError, ClientError) as fault:
                told["not_flushed"].append(f"{cached}: {fault}; by hand: {cached.by_hand}")
    except (BotoCoreError, ClientError) as fault:
        told["not_flushed"].append(f"the APIs of this authorizer cannot be listed: {fault}")
    return told


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


def gateways_of(deployment: Deployment) -> Gateways:
    """Return the APIs that ask this deployment's authorizer."""
    rest, http = deployment.client("apigateway"), deployment.client("apigatewayv2")
    return Gateways(rest, http, deployment.authorizer_arn)
