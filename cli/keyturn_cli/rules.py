"""`keyturn rules`: check the access rules, and explain their decision about a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from authorizer.request import ApiKind
from keyturn.domain.access.access_rules import ANY_API, AccessRules
from keyturn.domain.access.api_rules import ANY_METHOD, METHODS
from keyturn_cli.browser_check import note_rules_for_options
from keyturn_cli.deployed_authorizer import DeployedAuthorizer, read_environment, settings_of
from keyturn_cli.deployment import find_deployment
from keyturn_cli.errors import CommandError
from keyturn_cli.finding import Report
from keyturn_cli.gateway import gateways_of
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import print_json, print_line, print_note, print_rows, print_table
from keyturn_cli.protected_apis import HTTP, Api, GatewayAuthorizer, ProtectedApis, Route
from keyturn_cli.rules_check import check_apis
from keyturn_cli.rules_document import Document, deployed_document, read_document
from keyturn_cli.rules_explanation import Presented, Question, describe_claims, describe_scopes, explain_request
from keyturn_cli.token import read_token

app = StackCommands(no_args_is_help=True, help="Check the access rules, and explain their decision about a request.")


class ApisUnknown(CommandError):
    """The APIs cannot be listed, or the list is empty."""


File = Annotated[
    str | None, typer.Option("--file", help="A document in place of the deployed one; - is standard input.")
]


@app.command()
def check(
    file: Annotated[
        str | None, typer.Argument(help="A document; - reads it from standard input. Default: the deployed one.")
    ] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Print the rules of a document and their mistakes. The exit code is 1 after a mistake or an impossible check.

    --stack, or a call without a document, also checks the stack's APIs: their routes, kinds of response, result caches
    and audiences.
    """
    if file is not None and not _is_named(stack):
        document = read_document(file)
        rules, report, compared = document.parse(), Report(), False
    else:
        deployment = find_deployment(stack, Path.cwd())
        environment = read_environment(deployment)
        settings = settings_of(environment)
        document = deployed_document(deployment, settings) if file is None else read_document(file)
        rules, compared = document.parse(settings.audiences), True
        report = check_apis(rules, gateways_of(deployment), settings, environment)
    note_rules_for_options(rules, report)
    if as_json:
        _print_report_as_json(document, rules, report, compared=compared)
    else:
        _print_report(document, rules, report, compared=compared)
    if report.wrong or report.not_checked:
        raise typer.Exit(1)


def _is_named(stack: Stack) -> bool:
    """Return whether a stack was named: a document alone does not select the embedded stack of the folder."""
    return stack is not None or bool(os.environ.get("KEYTURN_STACK"))


def _rows(rules: AccessRules) -> list[dict[str, str]]:
    return [
        {
            "api": rule.api,
            "route": rule.route,
            "scopes": describe_scopes([rule]),
            "claims": describe_claims(rule) or "-",
        }
        for rule in rules
    ]


def _print_report_as_json(document: Document, rules: AccessRules, report: Report, *, compared: bool) -> None:
    print_json(
        {
            "source": document.source,
            "rules": _rows(rules),
            "apis_checked": compared and not report.not_checked,
            "notes": [*document.notes(), *map(str, report.notes)],
            "wrong": [str(finding) for finding in report.wrong],
            "not_checked": report.not_checked,
        }
    )


def _print_report(document: Document, rules: AccessRules, report: Report, *, compared: bool) -> None:
    print_table(("api", "route", "scopes", "claims"), _rows(rules))
    if not compared:
        print_line(f"{document.source}: no mistake in the document; --stack compares it with the stack's APIs")
    elif not report.wrong and not report.not_checked:
        print_line(f"{document.source}: no mistake; every other route is closed")
    for note in document.notes():
        print_note(note)
    for finding in report.notes:
        print_note(finding.short())
    for finding in report.wrong:
        print_line(f"wrong: {finding.short()}", err=True)
    for sentence in report.not_checked:
        print_line(f"not checked: {sentence}", err=True)


@app.command()
def explain(
    method: Annotated[str, typer.Argument(help="The method, such as GET.")],
    route: Annotated[str, typer.Argument(help="A path, or a route of an API such as '/reports/{id}' or '$connect'.")],
    api: Annotated[str | None, typer.Option(help="The API's id, needed if several APIs call the authorizer.")] = None,
    token: Annotated[str | None, typer.Option(help="An access token; - reads it from standard input.")] = None,
    file: File = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Explain the decision about a request: its route, the rules that decide, and whether a token fulfils them.

    The exit code is 1 unless the route is open. The option --file alone reads no stack, and takes the routes of the
    document for those of the API.
    """
    _check_request(method, route)
    if file == token == "-":
        raise typer.BadParameter("standard input cannot be both document and token", param_hint="--file")
    if file is not None and token is None and not _is_named(stack):
        rules, presented = read_document(file).parse(), None
        question = _question_of_document(rules, api or ANY_API, method, route)
    else:
        deployment = find_deployment(stack, Path.cwd())
        settings = settings_of(read_environment(deployment))
        document = deployed_document(deployment, settings) if file is None else read_document(file)
        rules = document.parse(settings.audiences)
        apis = gateways_of(deployment)
        chosen = _choose_api(apis, api)
        question = Question(chosen, apis.routes(chosen), method, route)
        presented = None if token is None else Presented(DeployedAuthorizer(deployment, settings), read_token(token))
    explained = explain_request(question, rules, presented)
    if as_json:
        print_json(explained)
    else:
        print_rows(explained)
    if explained["verdict"] != "open":
        raise typer.Exit(1)


def _check_request(method: str, route: str) -> None:
    if method not in METHODS[1:]:
        raise typer.BadParameter(f"a method is one of {', '.join(METHODS[1:])}", param_hint="METHOD")
    if not route.startswith(("/", "$")) or not route.isprintable() or not set(route).isdisjoint(" ?#"):
        raise typer.BadParameter(
            "a path begins with / and has no query, such as /reports/7; a route is the API's own, such as "
            "'/reports/{id}', '$default' or '$connect'",
            param_hint="ROUTE",
        )


def _choose_api(apis: ProtectedApis, wanted: str | None) -> Api:
    found = apis.find()
    matching = [api for api in found.apis if wanted in (None, api.id)]
    if len(matching) == 1 and (wanted is not None or not found.missing):
        return matching[0]
    if found.missing:
        raise ApisUnknown(f"the API is unknown: {'; '.join(found.missing)}", "check the rights to list APIs")
    if not found.apis:
        raise ApisUnknown(
            "no API of this account and Region calls the authorizer", "give --file to explain a document alone"
        )
    known = ", ".join(map(str, found.apis))
    problem = "several APIs call the authorizer" if wanted is None else f"no API {wanted} calls the authorizer"
    raise typer.BadParameter(f"{problem}; give the id of one of these: {known}", param_hint="--api")


def _question_of_document(rules: AccessRules, api_id: str, method_asked: str, route: str) -> Question:
    """Return the question for an API with the routes of the document and a REQUEST authorizer."""
    authorizers = {
        kind: GatewayAuthorizer(kind=kind, name="-", ttl=0, identity_sources=(), simple=False, qualifier="")
        for kind in (ApiKind.REST_REQUEST, ApiKind.WEBSOCKET)
    }
    routes = []
    for rule in rules.of_api(api_id):
        method, _, template = rule.route.rpartition(" ")
        kind = ApiKind.WEBSOCKET if template == "$connect" else ApiKind.REST_REQUEST
        routes.append(Route(method or ANY_METHOD, template, "CUSTOM", authorizers[kind]))
    api = Api(HTTP, api_id, "of the document", {})
    return Question(api, routes, method_asked, route)
