"""The match between routes and access rules of an API, as the authorizer makes it."""

from __future__ import annotations

from authorizer.request import ApiKind
from keyturn.domain.access.api_rules import ANY_METHOD, DEFAULT_ROUTE, METHODS, NAMED_ROUTES, ApiRules, Rule
from keyturn.domain.access.cached_rules import CachedApiRules
from keyturn.domain.access.route_template import RouteTemplate
from keyturn_cli.gateway_request import GREEDY, LITERAL, sample_path, segment_kind, split_path
from keyturn_cli.protected_apis import Route


def template_of(rule: Rule) -> str:
    """Return the path of a rule, or `$default` or `$connect`."""
    return rule.route.rpartition(" ")[2]


def is_for_options(rule: Rule) -> bool:
    """Return whether a rule is for OPTIONS alone, the method of a preflight."""
    return rule.route.startswith("OPTIONS ")


def is_found_by_path(route: Route, rules: ApiRules) -> bool:
    """Return whether the path of a request finds the rules for the route, whatever the names of its parameters."""
    token = route.authorizer is not None and route.authorizer.kind is ApiKind.REST_TOKEN
    return token or isinstance(rules, CachedApiRules)


def uncovered_methods(route: Route, rules: ApiRules) -> list[str]:
    """Return the methods of the route without a rule."""
    template = _own_template(route, rules)
    return [method for method in _methods(route) if rules.rule_of(template, method) is None]


def has_no_rule(route: Route, rules: ApiRules) -> bool:
    """Return whether every method of the route is closed."""
    return len(uncovered_methods(route, rules)) == len(_methods(route))


def leaks(route: Route, rules: ApiRules) -> bool:
    """Return whether a rule that is found by the path can open a method of the route without a rule."""
    if not is_found_by_path(route, rules):
        return False
    uncovered = uncovered_methods(route, rules)
    if len(uncovered) == len(_methods(route)):
        return True
    crosses = isinstance(rules, CachedApiRules)
    return any(
        rules.rule_of(template, method) is not None and (crosses or overlap(template, route.template))
        for method in uncovered
        for template in map(template_of, rules)
    )


def misspelt_template(route: Route, rules: ApiRules) -> str | None:
    """Return the path of a rule that differs from the route only in names of parameters or in letter case."""
    if is_found_by_path(route, rules) or not has_no_rule(route, rules):
        return None
    wanted = [segment.lower() for segment in _anonymous(route.template)]
    for rule in rules:
        template = template_of(rule)
        if template != route.template and [segment.lower() for segment in _anonymous(template)] == wanted:
            return template
    return None


def can_have_rule(route: Route) -> bool:
    """Return whether an access rule can name the route."""
    if route.template in NAMED_ROUTES:
        return True
    try:
        RouteTemplate(route.template)
    except ValueError:
        return False
    return True


def is_own_rule(rule: Rule, route: Route, rules: ApiRules) -> bool:
    """Return whether the rule belongs to the route, for at least one of its methods."""
    return _own_template(route, rules) == template_of(rule) and _applies(rule, route, rules)


def narrows(rule: Rule, route: Route, rules: ApiRules) -> bool:
    """Return whether the rule is for another route, and decides about some requests of this route too."""
    template = template_of(rule)
    if template in NAMED_ROUTES or not _applies(rule, route, rules):
        return False
    if is_found_by_path(route, rules):
        return _meets(template, route, rules)
    if has_no_rule(route, rules):
        return False
    is_wide = any(segment_kind(segment) != LITERAL for segment in split_path(route.template))
    return route.template == DEFAULT_ROUTE or (is_wide and overlap(template, route.template))


def also_required(route: Route, rules: ApiRules) -> list[Rule]:
    """Return rules for other paths that need more than the route's own rule and decide about some of its requests."""
    own = _own_template(route, rules)
    others: dict[str, Rule] = {}
    for rule in rules:
        template = template_of(rule)
        if template in (own, *NAMED_ROUTES) or not _meets(template, route, rules):
            continue
        for method in _methods(route):
            mine = rules.rule_of(own, method)
            if mine is not None and rules.rule_of(template, method) is rule and not _implies(mine, rule):
                others[rule.route] = rule
    return list(others.values())


def overlap(one: str, other: str) -> bool:
    """Return whether some path fits both templates, segment by segment."""
    segments, others = split_path(one), split_path(other)
    for segment, another in zip(segments, others, strict=False):
        kinds = (segment_kind(segment), segment_kind(another))
        if GREEDY in kinds:
            return True
        if kinds == (LITERAL, LITERAL) and segment != another:
            return False
    return len(segments) == len(others)


def _applies(rule: Rule, route: Route, rules: ApiRules) -> bool:
    """Return whether the rule decides for its path about a method of the route."""
    return any(rules.rule_of(template_of(rule), method) is rule for method in _methods(route))


def _meets(template: str, route: Route, rules: ApiRules) -> bool:
    """Return whether a rule that is found by the path may decide about a request of the route."""
    if overlap(template, route.template):
        return True
    # In a cached policy a parameter crosses slashes.
    return isinstance(rules, CachedApiRules) and RouteTemplate(template).covers(sample_path(route.template)[1:])


def _implies(one: Rule, other: Rule) -> bool:
    """Return whether each token that fulfils `one` also fulfils `other`."""
    held = other.any_scope
    has_one = not held or not held.isdisjoint(one.scopes) or (bool(one.any_scope) and one.any_scope <= held)
    return other.scopes <= one.scopes and has_one and _implies_claims(one, other)


def _implies_claims(one: Rule, other: Rule) -> bool:
    return all(
        name in one.claims and _typed(one.claims[name]) <= _typed(values) for name, values in other.claims.items()
    )


def _typed(values: tuple[str | int, ...]) -> set[tuple[type, str | int]]:
    """Return the values with their types: the number 1 equals true in Python."""
    return {(type(value), value) for value in values}


def _own_template(route: Route, rules: ApiRules) -> str:
    """Return the path of the route's own rule as the document spells it, or the route's path without one."""
    if is_found_by_path(route, rules):
        wanted = _anonymous(route.template)
        return next((text for rule in rules if _anonymous(text := template_of(rule)) == wanted), route.template)
    return route.template


def _anonymous(template: str) -> list[str]:
    """Return the segments of a template, with `{}` or `{+}` for each parameter."""
    names = {LITERAL: None, GREEDY: "{+}"}
    return [names.get(segment_kind(segment), "{}") or segment for segment in split_path(template)]


def _methods(route: Route) -> tuple[str, ...]:
    return METHODS[1:] if route.method == ANY_METHOD else (route.method,)
