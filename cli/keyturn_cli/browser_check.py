"""Notes of `keyturn rules check` about browsers: preflights, which have no token, rules for OPTIONS, and HEAD."""

from __future__ import annotations

from collections.abc import Iterator

from keyturn.domain.access.access_rules import AccessRules
from keyturn.domain.access.api_rules import ANY_METHOD, ApiRules
from keyturn_cli.finding import Finding, Report
from keyturn_cli.gateway_request import AskedRequest, choose_route, sample_path
from keyturn_cli.protected_apis import WEBSOCKET, Api, Route
from keyturn_cli.route_rules import is_for_options, leaks, uncovered_methods

_OPTIONS = "OPTIONS"
_PAGE = "docs/browsers.md"


def note_rules_for_options(rules: AccessRules, report: Report) -> None:
    """Note the rules for OPTIONS of a document: each needs a token, and a preflight has none (Fetch standard, CORS)."""
    for api_id, of_api in rules.apis():
        found = tuple(rule.route for rule in of_api if is_for_options(rule))
        if found:
            sentence = f'these rules of apis."{api_id}" are useless to browsers: a preflight has no token ({_PAGE})'
            report.notes.append(Finding(sentence, found))


def note_browsers(api: Api, routes: list[Route], rules: ApiRules, report: Report) -> None:
    """Note the routes at which a browser's preflight is refused, and those that deny HEAD beside GET."""
    if api.kind == WEBSOCKET:
        return
    asked = [route for route in _preflight_routes(api, routes) if route.authorizer is not None]
    _note(
        report,
        f"{api}: a preflight has no token, so that the authorizer refuses it at these routes: take the authorizer off "
        f"them ({_PAGE})",
        [route for route in asked if route.method == _OPTIONS],
    )
    _note(
        report,
        f"{api}: these routes catch preflights, which the authorizer refuses: add a route for OPTIONS without an "
        f"authorizer beside each ({_PAGE})",
        [route for route in asked if route.method != _OPTIONS],
    )
    _note(
        report,
        f"{api}: HEAD is denied at these routes, though GET has a rule: add a rule for HEAD",
        [route for route in routes if _denies_head_alone(route, rules)],
    )


def _preflight_routes(api: Api, routes: list[Route]) -> Iterator[Route]:
    """Yield each route that API Gateway chooses for some preflight; one for ANY counts where browsers are expected."""
    for_browsers = api.cors or any(route.method == _OPTIONS for route in routes)
    for route in routes:
        if route.method != _OPTIONS and not (for_browsers and route.method == ANY_METHOD):
            continue
        preflight = AskedRequest(api, _OPTIONS, sample_path(route.template))
        if choose_route(routes, preflight) == route:
            yield route


def _denies_head_alone(route: Route, rules: ApiRules) -> bool:
    if route.authorizer is None or route.method != ANY_METHOD or leaks(route, rules):
        return False
    uncovered = uncovered_methods(route, rules)
    return "HEAD" in uncovered and "GET" not in uncovered


def _note(report: Report, sentence: str, routes: list[Route]) -> None:
    if routes:
        report.notes.append(Finding(sentence, tuple(map(str, routes))))
