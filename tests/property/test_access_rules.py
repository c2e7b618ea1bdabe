"""Nothing that a REST API's REQUEST authorizer refuses without a cache is opened by any other API or cache key.

Each sequence is a document, its APIs, tokens and requests, through the authorizer's own handler. A model of
API Gateway and a second implementation of the rules judge it; neither calls the code under test.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import count
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import settings

from authorizer import app, policy_document
from authorizer.access_rules_cache import AccessRulesCache, RulesDocument
from authorizer.allow_log import AllowLog
from authorizer.authorize import Authorizer
from authorizer.bootstrap import AuthorizerFunction
from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from keyturn.domain.access import api_rules, result_cache
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.api_rules import METHODS, ApiRules, Rule
from keyturn.domain.access.declared_claims import DeclaredClaims
from keyturn.domain.access.path_reading import read_path
from keyturn.domain.access.result_cache import cache_key
from keyturn.domain.access.stack_audiences import StackAudiences
from tests.fakes.gateway_model import HTTP_2_0, HTTP_KINDS, REST_REQUEST, REST_TOKEN, Api, Call, GatewayModel
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.rules_reference import Reference
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import NOW, good_claims, make_token, policy

CHUNKS = 10
SEQUENCES = 50_000 if settings.get_current_profile_name() == "long" else 2_500
FOUND_BY = 5_000

AUDIENCES = ("https://a.example", "https://b.example")
APIS = ("a1b2c3d4e5", "f6g7h8i9j0")
KINDS = (REST_TOKEN, REST_REQUEST, *HTTP_KINDS)
TEMPLATES = ("/", "/a", "/a/b", "/{x}", "/a/{x}", "/{x}/b", "/{p+}", "/a/{p+}", "/a/b/{p+}")
NEEDS: tuple[Any, ...] = (
    *([], ["s"], ["t"], ["s", "t"]),
    *({"scopes": [], "claims": {"c": value}} for value in ("x", 1, True, ["x", 1])),
    *({"any_scope": ["s", "t"]}, {"scopes": ["s"], "any_scope": ["t", "u"]}),
)
CLAIMS: tuple[Any, ...] = ("x", "y", 1, True, "1", [1], ["x", "y"])
API_KEY = "an-api-key-of-a-plan"
KEYS: tuple[Any, ...] = (API_KEY, API_KEY, API_KEY, "too-short", None)
# The last two are methods that no rule can name.
CALLED = ("GET",) * 5 + ("DELETE",) * 5 + ("get", "M-SEARCH")
PLAIN = ("a", "b", "c", "a", "b")
ODD = ("%61", "b%20", "a%2Fb", "a%5cb", "..", ".", "", "b;x", "%2e%2e", "..%2fa", "a\\b", "%62%2561", "..;", "c%3Fd")
SOURCES = {
    "rest": (
        "method.request.header.Authorization",
        "context.resourcePath",
        "context.httpMethod",
        "context.path",
        "method.request.header.X-Tenant",
    ),
    "http": (
        "$request.header.authorization",
        "$context.routeKey",
        "$context.httpMethod",
        "$context.path",
        "$request.header.X-Tenant",
    ),
}


class World(NamedTuple):
    """A document, the stack that reads it, and the APIs that ask."""

    document: dict[str, Any]
    audiences: tuple[str, ...]
    required: bool
    apis: list[Api]

    def authorizer(self, document: dict[str, Any]) -> AuthorizerFunction:
        """Return an authorizer function with this document."""
        time = sandbox_time(_now)
        metrics = Metrics("authorizer", time)
        stack = StackAudiences(self.audiences, "required" if self.required else "warn")
        text = json.dumps(document)
        rules = AccessRulesCache(RulesDocument(lambda: text, "ACCESS_RULES"), time, metrics, stack)
        keys = KeyRingCache(StubKeyRingReader(ring_of()), RevocationBound(10, time, metrics))
        verification = policy(audiences=set(self.audiences))
        authorizer = Authorizer(keys, MemoryRevocations(), verification, rules, time)
        return AuthorizerFunction(authorizer, metrics, AllowLog(0))

    def has_path_alone(self, api: Api) -> bool:
        """Return whether rules are found by the path, for each request by itself."""
        return api.kind == REST_TOKEN and "cached_by" not in self.document["apis"][api.id]

    def without_cache(self) -> dict[str, Any]:
        """Return the document as it is for an authorizer without a result cache."""
        apis = self.document["apis"].items()
        return {"apis": {id_: {name: each[name] for name in each if name != "cached_by"} for id_, each in apis}}


def _now() -> float:
    return float(NOW)


@cache
def token_of(scope: str, audience: tuple[str, ...], claim: int, key: str | None) -> tuple[str, dict[str, Any]]:
    """Return a signed token, and its claims; `claim` is a position in CLAIMS."""
    claims = {"scope": f"n {scope}".strip(), "aud": list(audience), "c": CLAIMS[claim], "k": key}
    return make_token(claims=claims), good_claims(**claims)


def world_of(random: Random) -> World | None:
    """Return a world in which all is accepted: the document, its routes, and the keys of the result caches."""
    audiences = AUDIENCES[: random.choice((1, 2, 2))]
    required = random.random() < 0.8
    ids = APIS[: random.choice((1, 2))]
    kinds = {id_: random.choice(KINDS) for id_ in ids}
    document: dict[str, Any] = {"apis": {id_: _api_document(random, kinds[id_], audiences) for id_ in ids}}
    try:
        rules = parse_access_rules(json.dumps(document))
    except AccessRulesError:
        return None
    apis = [_api(random, kinds[id_], id_, document["apis"][id_], rules.of_api(id_)) for id_ in ids]
    return World(document, audiences, required, [each for each in apis if each.routes])


def _api_document(random: Random, kind: str, audiences: tuple[str, ...]) -> dict[str, Any]:
    routes = {}
    for template in random.sample(TEMPLATES, random.randint(1, 4)):
        for method in random.choice((("ANY",), ("ANY",), ("GET",), ("GET", "ANY"), ("GET", "DELETE"))):
            routes[f"{method} {template}"] = _needs(random, audiences)
    if kind in HTTP_KINDS and random.random() < 0.25:
        routes["$default"] = _needs(random, audiences)
    members: dict[str, Any] = {"routes": routes, "answer": random.choice(("simple", "policy"))}
    if kind != HTTP_2_0 or members["answer"] == "policy":
        members |= random.choice(({}, {"answer": "policy", "cached_by": "token"}))
    if random.random() < (0.8 if len(audiences) > 1 else 0.1):
        members["audience"] = random.choice((AUDIENCES[0], AUDIENCES[1], list(AUDIENCES)))
    return members | ({"api_key_claim": "k"} if random.random() < 0.2 else {})


def _needs(random: Random, audiences: tuple[str, ...]) -> Any:
    needs = random.choice(NEEDS)
    if isinstance(needs, list) and len(audiences) > 1 and random.random() < 0.1:
        return {"scopes": needs, "claims": {"aud": random.choice(AUDIENCES)}}
    return needs


def _api(random: Random, kind: str, id_: str, document: dict[str, Any], rules: ApiRules) -> Api:
    routes = []
    for template in dict.fromkeys(route.split(" ")[-1] for route in document["routes"]):
        if random.random() < 0.7:
            methods = ("",) if template == "$default" else random.choice((("ANY",), ("ANY",), ("GET", "DELETE")))
            routes += [f"{method} {template}".strip() for method in methods]
    if kind == REST_TOKEN or "cached_by" in document:
        routes = [route for route in routes if _has_rules(rules, route)]
    elif random.random() < 0.1:
        routes.append("ANY /{none}")
    possible = SOURCES["http" if kind in HTTP_KINDS else "rest"]
    sources: tuple[str, ...] = possible[:1]
    if kind != REST_TOKEN:
        sources = tuple(each for each in possible if random.random() < (0.8 if each is possible[0] else 0.5))
    simple = kind == HTTP_2_0 and document["answer"] == "simple"
    right = not result_cache.problems(cache_key(kind, sources), document["answer"], rules, routes)
    cached = sources if right and random.random() < 0.8 else None
    named, keys = random.random() < 0.5, None if kind in HTTP_KINDS else _keys(document)
    return Api(id_, kind, random.choice(("prod", "a")), tuple(routes), cached, simple, named, keys)


def _keys(document: dict[str, Any]) -> frozenset[str] | None:
    """Return the API keys of a REST API that takes them from the authorizer."""
    return frozenset({API_KEY}) if "api_key_claim" in document else None


def _has_rules(rules: ApiRules, route: str) -> bool:
    method, _, template = route.rpartition(" ")
    return all(rules.rule_of(template, each) for each in (METHODS[1:] if method == "ANY" else (method,)))


def _path(random: Random) -> str:
    odd = random.random() < 0.35
    segments = [random.choice(PLAIN + ODD if odd else PLAIN) for _ in range(random.randint(0, 3))]
    end = "/" if segments and random.random() < 0.05 else ""
    return "/" + "/".join(segments) + end


def _shares_results(api: Api, call: Call) -> bool:
    """Return whether the key reuses a result for a method without a name: the route's methods then need one thing."""
    return call.method not in METHODS and api.sources is not None and not any("httpMethod" in s for s in api.sources)


def _wrong_by_path(reference: Reference, api: Api, call: Call, claims: dict[str, Any], status: int) -> str | None:
    """Return what is wrong with the answer to a request whose event has the path alone, None if nothing is."""
    if reference.allows_by_path(api.id, claims, call.method, call.path):
        closed = status != 200 and reference.is_plain(call.path)
        return "closed, though the rules of the path open it" if closed else None
    return "opened, though a rule of the path closes it" if status == 200 else None


def violation(seed: int) -> str | None:
    """Return what is wrong in one sequence of requests, None if nothing is."""
    random = Random(seed)
    world = world_of(random)
    if world is None or not world.apis:
        return None
    known = dict(
        token_of(
            random.choice(("", "s", "t", "s t")),
            random.choice((AUDIENCES[:1], AUDIENCES[:1], AUDIENCES[1:], AUDIENCES)),
            random.randrange(len(CLAIMS)),
            random.choice(KEYS),
        )
        for _ in range(2)
    )
    authorizer, uncached = world.authorizer(world.document), world.authorizer(world.without_cache())
    gateways = {api.id: GatewayModel(api, lambda event: _ask(authorizer, event)) for api in world.apis}
    reference = Reference(world.document, frozenset(world.audiences), world.required)
    paths = [_path(random) for _ in range(3)]
    for _ in range(8):
        api = random.choice(world.apis)
        call = Call(random.choice(CALLED), random.choice(paths), random.choice(list(known)), "x")
        route = gateways[api.id].route_of(call)
        if route is None or _shares_results(api, call):
            continue
        seen = gateways[api.id].call(call)
        uncached_api = GatewayModel(api._replace(sources=None), lambda event: _ask(authorizer, event))
        fresh = seen if api.sources is None else uncached_api.call(call)
        keys = _keys(world.document["apis"][api.id])
        rest = Api(api.id, REST_REQUEST, "live", (route,), None, simple=False, named_arn=False, keys=keys)
        direct = GatewayModel(rest, lambda event: _ask(uncached, event)).call(call)
        expected = reference.allows(api.id, known[call.token], call.method, call.path, route.rpartition(" ")[2])
        wrong = [
            500 in (seen, fresh, direct) and "a fault",
            seen == 200 and not expected and "opened, though the rules close it",
            seen == 200 and direct != 200 and "opened, though REST REQUEST at TTL 0 closes it",
            direct == 200 and not expected and "REST REQUEST opens what the rules close",
            expected and direct != 200 and reference.is_plain(call.path) and "closed, though the rules open it",
            world.has_path_alone(api) and _wrong_by_path(reference, api, call, known[call.token], fresh),
            seen != fresh and "another status with the result cache than without it",
        ]
        found = next((each for each in wrong if each), None)
        if found:
            return (
                f"sequence {seed}: {found}: {seen}, {fresh}, {direct}: {call} {route} {known[call.token]} {api} {world}"
            )
    return None


def _ask(authorizer: AuthorizerFunction, event: dict[str, Any]) -> Any:
    with patch.object(app, "bootstrap", lambda: authorizer):
        return app.lambda_handler(event, None)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "log_event", lambda *_, **__: None)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_api_and_no_cache_key_opens_more(chunk: int) -> None:
    """R55, G2, G7: TOKEN, HTTP APIs and every accepted cache open only what REST REQUEST opens at TTL 0."""
    for seed in range(chunk, SEQUENCES, CHUNKS):
        assert violation(seed) is None


def _any_route_key(key: Any, answer: str, rules: ApiRules, routes: Any = None) -> list[str]:
    return [] if {"token", "route"} <= key.parts else _right_problems(key, answer, rules, routes)


def _key_without_token(key: Any, answer: str, rules: ApiRules, routes: Any = None) -> list[str]:
    return [] if "token" not in key.parts else _right_problems(key, answer, rules, routes)


def _policy_for_many_arns(key: Any, answer: str, rules: ApiRules, routes: Any = None) -> list[str]:
    return [] if answer == "policy" and "token" in key.parts else _right_problems(key, answer, rules, routes)


def _path_before_method(rules: ApiRules, request: Any) -> list[Any]:
    segments = read_path(request.path)[0].segments
    ranked = [(rank, text) for text, each in rules._templates.items() if (rank := each.rank(segments)) is not None]
    best = min(ranked, default=(None, ""))[1]
    return _right_matching(rules, request) if rules.rule_of(best, request.method) else []


def _holds_by_equality(claim: Any, wanted: Any) -> bool:
    held = claim if isinstance(claim, list) else [claim]
    return any(each == value for each in held for _, value in wanted)


_right_problems = result_cache.problems
_right_matching = ApiRules._matching
FAULTS: dict[str, list[tuple[Any, str, Any]]] = {
    "a route key for an ANY route": [(result_cache, "problems", _any_route_key)],
    "a key without the token": [(result_cache, "problems", _key_without_token)],
    "a policy for one ARN under a key with several": [(result_cache, "problems", _policy_for_many_arns)],
    "no audience of an API": [
        (ApiRules, "accepts_audience", lambda *_: True),
        (ApiRules, "lacks_audience", lambda *_: False),
    ],
    "no rule below a wider route": [(ApiRules, "_below", lambda *_: [])],
    "the path before the method for TOKEN": [(ApiRules, "_matching", _path_before_method)],
    "a rule for ANY for each method": [(api_rules, "has_known_method", lambda *_: True)],
    "a token without an API key": [(DeclaredClaims, "api_key_of", lambda *_: API_KEY)],
    "a result without the API key": [(policy_document, "_METERED_KINDS", frozenset())],
    "none of several scopes": [(Rule, "any_scope", property(lambda _: frozenset(), lambda *_: None))],
    "numbers as booleans": [(api_rules, "_holds", _holds_by_equality)],
    "one of a path's rules for TOKEN": [(ApiRules, "_matching", lambda *_: _right_matching(*_)[:1])],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_put_back_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R55, G2, G7: fewer than 5,000 sequences find each fault that once was there."""
    for owner, name, wrong in FAULTS[fault]:
        monkeypatch.setattr(owner, name, wrong)
    assert next(seed for seed in count() if violation(seed) is not None) < FOUND_BY
