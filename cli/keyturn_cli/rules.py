"""`keyturn rules`: whether the access rules are in order, and what they say about a route."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.access_rules import ANY_API, AccessRules, AccessRulesError, parse_access_rules
from keyturn.domain.api_rules import METHODS, NAMED_ROUTES, Rule
from keyturn.domain.cached_rules import CachedApiRules
from keyturn.domain.errors import KeyturnError
from keyturn.domain.scope import format_scope
from keyturn.jose import ANY_AUDIENCE
from keyturn_cli.deployment import Deployment, find_deployment
from keyturn_cli.gateway import Gateways, gateways_of
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import print_json, print_line, print_note, print_rows, print_table
from keyturn_cli.token import judge, read_token, verification_policy
from keyturn_cli.values import read_standard_input

app = StackCommands(no_args_is_help=True, help="Check the access rules, and ask what they say.")

# Of AccessRules, the parameter of the stack, and of a standard parameter of SSM.
_LONGEST_IN_STACK, _LONGEST_IN_SSM = 2048, 4096
_NO_SCOPE = "none: any token that holds"


class RulesWrong(KeyturnError):
    """The document is wrong; the message says which one, where, and what is expected."""


class Document(NamedTuple):
    """The text of the rules, and where it is."""

    source: str
    text: str

    def parse(self) -> AccessRules:
        """Return the rules; raises RulesWrong."""
        try:
            return parse_access_rules(self.text)
        except AccessRulesError as error:
            raise RulesWrong(f"{self.source}: {error}") from None


class _Asked(NamedTuple):
    """A request as the rules look at it."""

    api_id: str
    method: str
    path: str
    template: str | None

    @property
    def paths(self) -> tuple[str, ...]:
        """The path, as the only one."""
        return (self.path,)


File = Annotated[str | None, typer.Option("--file", help="A document, or - for standard input, not the deployed one.")]


@app.command()
def check(
    file: Annotated[
        str | None, typer.Argument(help="A document; - reads it from standard input. Without it: the deployed one.")
    ] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Print the rules of a document that is in order; exit code 1, and what is wrong where, for one that is not.

    Of a deployed stack the APIs are looked at too: whether one keeps answers that these rules make for one route alone.
    """
    document = _document(file, stack)
    rules = document.parse()
    rows = [
        {
            "api": rule.api,
            "route": rule.route,
            "scopes": format_scope(rule.scopes) or _NO_SCOPE,
            "claims": _claims(rule) or "-",
        }
        for rule in rules
    ]
    notes, wrong = _notes(document), []
    if file is None or stack is not None:
        try:
            wrong = wrongly_kept(gateways_of(find_deployment(stack, Path.cwd())), rules)
        except (BotoCoreError, ClientError) as fault:
            notes.append(f"the APIs of this authorizer cannot be listed, so their caches are not checked: {fault}")
    if as_json:
        print_json({"source": document.source, "rules": rows, "notes": notes, "wrong": wrong})
    else:
        print_table(("api", "route", "scopes", "claims"), rows)
        print_line(f"{document.source}: in order; every other route is closed")
        for note in notes:
            print_note(note)
        for each in wrong:
            print_line(f"wrong: {each}", err=True)
    if wrong:
        raise typer.Exit(1)


def wrongly_kept(gateways: Gateways, rules: AccessRules) -> list[str]:
    """Return what is wrong with each API that keeps, by the token alone, answers that are for one route (R55)."""
    return [
        f"{kept} keeps answers for {kept.seconds} s by the token alone, and they are for one route: set the TTL of its "
        f'authorizer to 0, or "cached_by": "token" in apis."{kept.api}"'
        for kept in gateways.kept_answers()
        if not kept.names_route and not isinstance(rules.of_api(kept.api), CachedApiRules)
    ]


@app.command()
def explain(
    method: Annotated[str, typer.Argument(help="The method, such as GET.")],
    route: Annotated[str, typer.Argument(help="The API's route, such as '/reports/{id}' or '$connect'; or a path.")],
    api: Annotated[str, typer.Option(help="The API's id, if it has rules of its own.")] = ANY_API,
    token: Annotated[str | None, typer.Option(help="An access token; - reads it from standard input.")] = None,
    file: File = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule decides about a route, and whether a token opens it; exit code 1 if it stays closed."""
    if file == token == "-":
        raise typer.BadParameter("standard input is either the document or the token", param_hint="--file")
    if method not in METHODS[1:]:
        raise typer.BadParameter(f"a method is one of {', '.join(METHODS[1:])}", param_hint="METHOD")
    rule = _find(_document(file, stack).parse(), api, method, route)
    told = {
        "route": f"{method} {route}",
        "rule": f"{rule.route} of {rule.api}" if rule else "none: the route is closed",
    }
    opens = rule is not None
    if rule is not None:
        told["needs"] = format_scope(rule.scopes) or _NO_SCOPE
        if rule.claims:
            told["claims"] = _claims(rule)
        if token is not None:
            opens, about_token = _opens(rule, read_token(token), find_deployment(stack, Path.cwd()))
            told |= about_token
    told["verdict"] = "open" if opens else "closed"
    if as_json:
        print_json(told)
    else:
        print_rows(told)
    if not opens:
        raise typer.Exit(1)


def _find(rules: AccessRules, api: str, method: str, route: str) -> Rule | None:
    """Return the rule of a route by its name, else that of a path, found again as a TOKEN authorizer finds it."""
    rule = rules.of_api(api).rule_of(route, method)
    if rule is None and route not in NAMED_ROUTES:
        return next(iter(rules.of_api(api).required_rules(_Asked(api, method, route.removeprefix("/"), None))), None)
    return rule


def _opens(rule: Rule, raw: str, deployment: Deployment) -> tuple[bool, dict[str, str]]:
    verified, judged = judge(raw, deployment, verification_policy(deployment, ANY_AUDIENCE, 0))
    if verified is None:
        return False, {"token": judged["verdict"], "because": judged.get("sentence", judged.get("found", ""))}
    lacks = format_scope(rule.scopes - verified.scope).split() + [f"claim {n}" for n in rule.claims_without(verified)]
    told = {"token": "valid", "has": format_scope(verified.scope) or "no scope"}
    return not lacks, told | ({"lacks": ", ".join(lacks)} if lacks else {})


def _claims(rule: Rule) -> str:
    """Return the claims that a rule needs, as `department: "it" or "security"`."""
    return "; ".join(f"{name}: {' or '.join(map(json.dumps, values))}" for name, values in rule.claims.items())


def _document(file: str | None, stack: Stack) -> Document:
    if file == "-":
        return Document("standard input", read_standard_input())
    if file is not None:
        try:
            return Document(file, Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise RulesWrong(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise RulesWrong(f"{file}: this is no UTF-8 text") from None
    return _deployed(find_deployment(stack, Path.cwd()))


def _deployed(deployment: Deployment) -> Document:
    function = deployment.functions.get_function_configuration(FunctionName=deployment.authorizer_arn)
    variables: dict[str, str] = function.get("Environment", {}).get("Variables", {})
    name = variables.get("ACCESS_RULES_PARAMETER", "")
    if not name:
        return Document("AccessRules of the stack", variables.get("ACCESS_RULES", ""))
    ssm: Any = deployment.client("ssm")
    return Document(f"the parameter {name}", ssm.get_parameter(Name=name)["Parameter"]["Value"])


def _notes(document: Document) -> list[str]:
    length = len(document.text.strip())
    notes = []
    if length > _LONGEST_IN_SSM:
        notes.append(f"{length} characters: a parameter of SSM takes {_LONGEST_IN_SSM}, or 8192 in the advanced tier")
    elif length > _LONGEST_IN_STACK:
        notes.append(f"{length} characters: AccessRules takes {_LONGEST_IN_STACK}; use a parameter of SSM")
    return notes
