"""The comparison of access rules with the APIs that call the authorizer, which finds where API Gateway differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from authorizer.request import ApiKind
from authorizer.settings import AuthorizerSettings
from keyturn.domain.access.access_rules import ANY_API, AccessRules
from keyturn.domain.access.api_rules import POLICY, SIMPLE, ApiRules
from keyturn.domain.access.cached_rules import CachedApiRules, PolicyTooLarge
from keyturn.domain.access.result_cache import cache_key, problems
from keyturn_cli.api_key_check import check_api_key
from keyturn_cli.audience_check import check_audiences
from keyturn_cli.browser_check import note_browsers
from keyturn_cli.finding import Finding, Report
from keyturn_cli.protected_apis import WEBSOCKET, Api, GatewayAuthorizer, ProtectedApis, Route
from keyturn_cli.route_rules import (
    also_required,
    can_have_rule,
    has_no_rule,
    is_for_options,
    is_found_by_path,
    is_own_rule,
    leaks,
    misspelt_template,
    narrows,
    uncovered_methods,
)


class CheckedApi(NamedTuple):
    """An API with its routes, and its rules at `place` in the document."""

    api: Api
    routes: list[Route]
    rules: ApiRules
    place: str

    @property
    def asking(self) -> list[Route]:
        """The routes that call the authorizer."""
        return [route for route in self.routes if route.authorizer is not None]

    def by_authorizer(self) -> dict[GatewayAuthorizer, list[Route]]:
        """Return each authorizer that a route calls, with its routes."""
        routes: dict[GatewayAuthorizer, list[Route]] = {}
        for route in self.routes:
            if route.authorizer is not None:
                routes.setdefault(route.authorizer, []).append(route)
        return routes


def check_apis(
    rules: AccessRules, apis: ProtectedApis, settings: AuthorizerSettings, environment: Mapping[str, str]
) -> Report:
    """Return the mistakes in the rules for these APIs, notes for the operator, and the parts that stay unchecked."""
    report = Report()
    check_audiences(rules, settings, environment, report)
    found = apis.find()
    report.not_checked += found.missing
    checked = list(_with_routes(rules, apis, found.apis, report))
    for each in checked:
        _check_answers(each, report)
        report.wrong += check_api_key(each.api, each.rules, each.place)
        _check_caches(each, report)
        _check_routes(each, report)
        _note_routes(each, report)
        note_browsers(each.api, each.routes, each.rules, report)
        _check_stages(each, apis, report)
    if not found.apis and not found.missing:
        report.notes.append(Finding("no API of this account and Region calls the authorizer"))
    elif not report.not_checked:
        _note_unreached(rules, checked, report)
    return report


def answer_mismatch(authorizer: GatewayAuthorizer, rules: ApiRules) -> bool:
    """Return whether API Gateway expects the other kind of response, and would turn each response into a 500."""
    is_simple = authorizer.kind is ApiKind.HTTP_2_0 and rules.answer == SIMPLE
    return is_simple != authorizer.simple


def _with_routes(rules: AccessRules, apis: ProtectedApis, found: list[Api], report: Report) -> Iterator[CheckedApi]:
    named = {api_id for api_id, _ in rules.apis()}
    for api in found:
        try:
            routes = apis.routes(api)
        except (BotoCoreError, ClientError) as fault:
            report.not_checked.append(f"{api}: its routes cannot be listed: {fault}")
            continue
        place = f'apis."{api.id if api.id in named else ANY_API}"'
        yield CheckedApi(api, routes, rules.of_api(api.id), place)


def _check_answers(checked: CheckedApi, report: Report) -> None:
    for authorizer in checked.by_authorizer():
        if not answer_mismatch(authorizer, checked.rules):
            continue
        where = f"{checked.api}: its authorizer {authorizer.name}"
        if not authorizer.simple:
            sentence = (
                f"{where} expects a policy and gets a simple response, so that each call is a 500: set "
                f'EnableSimpleResponses of the authorizer to true (the default is false), or "answer": "{POLICY}" in '
                f"{checked.place}"
            )
        elif authorizer.kind is ApiKind.HTTP_2_0:
            sentence = (
                f"{where} expects a simple response and gets a policy, so that each call is a 500: set "
                f'EnableSimpleResponses of the authorizer to false, or "answer": "{SIMPLE}" in {checked.place}'
            )
        else:
            sentence = (
                f"{where} expects a simple response, which payload format 1.0 lacks, so that each call is a 500: "
                "set EnableSimpleResponses of the authorizer to false, or its AuthorizerPayloadFormatVersion to 2.0"
            )
        report.wrong.append(Finding(sentence))


def _check_caches(checked: CheckedApi, report: Report) -> None:
    for authorizer, routes in checked.by_authorizer().items():
        if not authorizer.ttl or authorizer.kind is ApiKind.WEBSOCKET:
            continue
        key = cache_key(authorizer.kind, authorizer.identity_sources)
        answer = SIMPLE if authorizer.simple else POLICY
        names = [str(route) for route in routes if can_have_rule(route)]
        where = f"{checked.api} caches results of its authorizer {authorizer.name} for {authorizer.ttl} s"
        report.wrong += [Finding(f"{where}: {each}") for each in problems(key, answer, checked.rules, names)]


def _check_routes(checked: CheckedApi, report: Report) -> None:
    api, rules, place = checked.api, checked.rules, checked.place
    leaking = [route for route in checked.asking if leaks(route, rules)]
    if leaking:
        cause = '"cached_by"' if isinstance(rules, CachedApiRules) else "a TOKEN authorizer"
        report.wrong.append(
            Finding(
                f"{api}: with {cause} rules are found by the path alone, so that each route needs one: add a rule to "
                f"{place}.routes for each of these",
                tuple(name for route in leaking for name in _rules_to_add(route, rules)),
            )
        )
    for route in checked.asking:
        written = misspelt_template(route, rules)
        if written is not None:
            report.wrong.append(
                Finding(
                    f'{api}: the rules for {written} in {place} never open the route "{route}", which is always a 403: '
                    f"write {route.template} in them"
                )
            )


def _rules_to_add(route: Route, rules: ApiRules) -> list[str]:
    if has_no_rule(route, rules):
        return [str(route)]
    return [f"{method} {route.template}" for method in uncovered_methods(route, rules)]


def _note_routes(checked: CheckedApi, report: Report) -> None:
    api, rules = checked.api, checked.rules
    asking = [route for route in checked.asking if not leaks(route, rules) and misspelt_template(route, rules) is None]
    _note(
        report,
        f"{api}: closed, since no rule names these routes",
        [each for each in asking if has_no_rule(each, rules)],
    )
    _note(report, f"{api}: open to everybody, since these routes have no authorizer", list(_unprotected(checked)))
    stricter = [route for route in asking if is_found_by_path(route, rules) and also_required(route, rules)]
    _note(
        report,
        f"{api}: rules are found by the path alone, so that these routes also need what another rule needs",
        stricter,
    )
    for authorizer in checked.by_authorizer():
        if authorizer.qualifier:
            report.notes.append(
                Finding(
                    f"{api}: its authorizer {authorizer.name} invokes {authorizer.qualifier} of the function, whose "
                    "environment may differ from the one that this command reads"
                )
            )


def _unprotected(checked: CheckedApi) -> Iterator[Route]:
    for route in checked.routes:
        # Only $connect of a WebSocket API can have an authorizer; a preflight never has a token (Fetch §3.2.2).
        could_ask = route.template == "$connect" if checked.api.kind == WEBSOCKET else route.method != "OPTIONS"
        if route.protection == "NONE" and could_ask:
            yield route


def _note(report: Report, sentence: str, routes: list[Route]) -> None:
    if routes:
        report.notes.append(Finding(sentence, tuple(map(str, routes))))


def _check_stages(checked: CheckedApi, apis: ProtectedApis, report: Report) -> None:
    try:
        stages = apis.stale_stages(checked.api, checked.routes)
        if isinstance(checked.rules, CachedApiRules):
            _check_size(
                checked.api,
                checked.rules,
                [f"{apis.account}:{checked.api.id}/{stage}/" for stage in apis.stages(checked.api)],
                report,
            )
    except (BotoCoreError, ClientError) as fault:
        report.not_checked.append(f"{checked.api}: what its stages serve cannot be read: {fault}")
        return
    if stages:
        report.notes.append(
            Finding(
                f"{checked.api}: the configured routes were checked, and these stages serve, or may serve, those of an "
                "older deployment: deploy the API",
                tuple(stages),
            )
        )


def _check_size(api: Api, rules: CachedApiRules, prefixes: list[str], report: Report) -> None:
    """Report a stage whose ARNs make the responses of the API too large: each call is then a 500."""
    for prefix in prefixes:
        try:
            rules.statements(prefix, _EmptyToken())
        except PolicyTooLarge as fault:
            report.wrong.append(Finding(f"{api}: the cached result is too large, so that each call is a 500: {fault}"))


class _EmptyToken:
    """A token without an audience, a scope or a claim."""

    audience: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()
    claims: dict[str, Any] = {}  # noqa: RUF012 - only read


def _note_unreached(rules: AccessRules, checked: list[CheckedApi], report: Report) -> None:
    for api_id, of_api in rules.apis():
        here = [each for each in checked if each.rules is of_api]
        if not here:
            report.notes.append(Finding(f'no API that asks the authorizer has the rules of apis."{api_id}"'))
            continue
        routes = [(route, each.rules) for each in here for route in each.asking]
        foreign = [rule for rule in of_api if not any(is_own_rule(rule, *each) for each in routes)]
        narrowing = [rule for rule in foreign if any(narrows(rule, *each) for each in routes)]
        # Rules for OPTIONS have a note of their own.
        unreached = [rule for rule in foreign if rule not in narrowing and not is_for_options(rule)]
        for sentence, found in (
            (f'no route reaches these rules of apis."{api_id}"', unreached),
            (
                f'these rules of apis."{api_id}" have no route of their own, and close a part of a wider route',
                narrowing,
            ),
        ):
            if found:
                report.notes.append(Finding(sentence, tuple(rule.route for rule in found)))
