"""The keys of API Gateway's result cache, and the faults of a key that reuses a wrong result.

API Gateway reuses an authorizer result for each request with the same values of the identity sources. Requests with the
same values must therefore have the same decision. Where the result is a policy for one ARN, they must also have the
same ARN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.api_rules import ANY_METHOD, DEFAULT_ROUTE, METHODS, SIMPLE
from keyturn.domain.access.cached_rules import CachedApiRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keyturn.domain.access.api_rules import ApiRules, Rule

REST_TOKEN, REST_REQUEST, HTTP_1_0, HTTP_2_0 = "rest_token", "rest_request", "http_1.0", "http_2.0"
_REST = (REST_TOKEN, REST_REQUEST)

TOKEN, METHOD, PATH, TEMPLATE, ROUTE = "token", "method", "path", "template", "route"
# API Gateway's names of the parts that rules read; every other source is irrelevant to them. Names of headers are
# case-insensitive (RFC 9110 §5.1). A route key has the template, and the method unless the route is for ANY.
REST_SOURCES = {
    "method.request.header.authorization": frozenset({TOKEN}),
    "context.httpMethod": frozenset({METHOD}),
    "context.path": frozenset({PATH}),
    "context.resourcePath": frozenset({TEMPLATE}),
}
HTTP_SOURCES = {
    "$request.header.authorization": frozenset({TOKEN}),
    "$context.httpMethod": frozenset({METHOD}),
    "$context.path": frozenset({PATH}),
    "$context.routeKey": frozenset({TEMPLATE, ROUTE}),
}


class CacheKey:
    """A key of the result cache: the parts of a request by which it distinguishes results.

    `kind` is "rest_token", "rest_request", "http_1.0" or "http_2.0". `parts` are among TOKEN, METHOD, PATH, TEMPLATE
    and ROUTE.
    """

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, parts: Iterable[str]) -> None:
        self.kind = kind
        self.parts = frozenset(parts)

    @property
    def sources(self) -> dict[str, frozenset[str]]:
        """The relevant identity sources of this kind of API, headers in lower case, each with the parts that it has."""
        return REST_SOURCES if self.kind in _REST else HTTP_SOURCES


def cache_key(kind: str, identity_sources: Iterable[str]) -> CacheKey:
    """Return the cache key of an authorizer with these identity sources, as API Gateway lists them.

    A TOKEN authorizer's only source is the header with the token, under any name.
    """
    if kind == REST_TOKEN:
        return CacheKey(kind, {TOKEN})
    known = CacheKey(kind, ()).sources
    parts: set[str] = set()
    for source in identity_sources:
        name = source.strip()
        parts |= known.get(name.lower() if ".header." in name else name, frozenset())
    return CacheKey(kind, parts)


def problems(key: CacheKey, answer: str, rules: ApiRules, routes: Iterable[str] | None = None) -> list[str]:
    """Return a sentence for each fault of a result cache under this key; an empty list if every reuse is right.

    `answer` is the response that the API expects: SIMPLE exists for payload format 2.0 alone, all else is a policy.
    `routes` are the API's own, as `GET /x`, `ANY /{proxy+}` or `$default`; None means every route that the rules name.
    """
    if TOKEN not in key.parts:
        return [f"the key has no token, so that one caller gets the result of another: {_add(key, TOKEN)}"]
    if isinstance(rules, CachedApiRules):
        return []
    cells = [cell for route in (_possible_routes(rules) if routes is None else routes) for cell in _cells(rules, route)]
    if key.kind == HTTP_2_0 and answer == SIMPLE:
        return _mixed_decisions(key, cells)
    return _mixed_arns(key, cells)


class _Cell:
    """The requests of one route with one method, and the rules that decide about them.

    `own` is the rule of the route, None where all requests are refused. `below` has the rules that some paths of the
    route require as well, by template.
    """

    __slots__ = ("below", "method", "own", "route", "template")

    def __init__(self, route: str, template: str, method: str, own: Rule | None, below: dict[str, Rule]) -> None:
        self.route = route
        self.template = template
        self.method = method
        self.own = own
        self.below = below


def _possible_routes(rules: ApiRules) -> list[str]:
    """Return the widest routes that an API may have for these rules."""
    texts = dict.fromkeys(rule.route.rpartition(" ")[2] for rule in rules)
    return [f"{ANY_METHOD} {text}" if text.startswith("/") else text for text in texts]


def _cells(rules: ApiRules, route: str) -> Iterator[_Cell]:
    method, _, template = route.rpartition(" ")
    if not template.startswith("/") and template != DEFAULT_ROUTE:
        return  # $connect: a WebSocket API caches nothing
    for each in METHODS[1:] if method in ("", ANY_METHOD) else (method,):
        own = rules.rule_of(template, each)
        below = {} if own is None else {rival.text: rule for rival, rule in rules.rivals(template, each)}
        yield _Cell(route, template, each, own, below)


def _mixed_decisions(key: CacheKey, cells: list[_Cell]) -> list[str]:
    """Return a sentence for each pair of requests that a key mixes up, though their decisions differ."""
    if {PATH, METHOD} <= key.parts:
        return []  # path and method determine the route, too
    found: dict[tuple[str, str], str] = {}
    firsts: dict[tuple[str, ...], _Cell] = {}
    for cell in cells:
        group = tuple(
            value
            for part, value in ((METHOD, cell.method), (TEMPLATE, cell.template), (ROUTE, cell.route))
            if part in key.parts
        )
        first = firsts.setdefault(group, cell)
        # Under one path the methods may still have different rules below the route.
        if _needs(first.own) != _needs(cell.own) or (PATH in key.parts and _below(first) != _below(cell)):
            missing = METHOD if PATH in key.parts or first.template == cell.template else TEMPLATE
            found.setdefault(
                (cell.route, missing),
                f'a result for "{first.method} {first.template}" is reused for "{cell.method} {cell.template}", which '
                f"needs something else: {_add(key, missing)}",
            )
        other = next((rule for rule in cell.below.values() if _needs(rule) != _needs(cell.own)), None)
        if other is not None and PATH not in key.parts:
            found[cell.route, PATH] = (
                f'a result for one path of "{cell.route}" is reused for a path of "{other.route}", which needs '
                f"something else: {_add(key, PATH)}"
            )
    return list(found.values())


def _mixed_arns(key: CacheKey, cells: list[_Cell]) -> list[str]:
    """Return a sentence for each part of an ARN that the key lacks: a policy is for one ARN."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell.own is None:
            continue
        has_method = METHOD in key.parts or (ROUTE in key.parts and cell.route == f"{cell.method} {cell.template}")
        for part, there in ((METHOD, has_method), (PATH, PATH in key.parts)):
            if not there:
                found.setdefault(
                    part,
                    f'the policy for one request of "{cell.route}" is reused for another one and denies it: '
                    f'{_add(key, part)}, or set "answer": "policy" and "cached_by": "token" in the rules of the API',
                )
    return list(dict.fromkeys(found.values()))  # a TOKEN authorizer gets the same sentence for both parts


def _below(cell: _Cell) -> dict[str, object]:
    return {text: _needs(rule) for text, rule in cell.below.items()}


def _needs(rule: Rule | None) -> object:
    return None if rule is None else rule.needs


def _add(key: CacheKey, part: str) -> str:
    """Return what to change: add the identity source that has the part, or set the TTL."""
    if key.kind == REST_TOKEN:
        return "set the TTL of the authorizer to 0"
    source = next(name for name, parts in key.sources.items() if part in parts)
    return f"set the TTL of the authorizer to 0, or add {source} to its identity sources"
