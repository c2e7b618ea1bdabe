"""The work of the access rules grows as their document and the caller's path grow, and no faster: steps are counted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import keyturn
from authorizer.credentials import bearer_token
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden, Unauthorized
from authorizer.request import ApiKind, AuthorizerRequest, parse_request
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.access.cached_rules import CachedApiRules
from keyturn.domain.access.path_reading import read_path
from keyturn.domain.access.route_template import RouteTemplate
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event, method_arn
from tests.fakes.counted_lines import count_lines
from tests.fakes.token_factory import good_claims

OURS = (str(Path(keyturn.__file__).parent), str(Path(sys.modules["authorizer.credentials"].__file__ or "").parent))
LONGEST_PATH = 1600  # bytes of a method ARN
PARAMETERS = 30
CACHED: dict[str, Any] = {"answer": "policy", "cached_by": "token"}


def steps_of(work: Callable[[], object]) -> int:
    """Return how many lines of the kernel and the authorizer run."""
    return count_lines(work, OURS, AccessRulesError, Unauthorized)


def rules_of(routes: dict[str, Any], **members: Any) -> ApiRules:
    return parse_access_rules(json.dumps({"apis": {API_ID: {"routes": routes, **members}}})).of_api(API_ID)


def token_of(**claims: Any) -> VerifiedAccessToken:
    return VerifiedAccessToken(good_claims(**claims), "kid")


def wide(number: int) -> str:
    """Return a template of many parameters, with a literal of its own."""
    return f"/r{number}/" + "/".join(f"{{p{each}}}/x" for each in range(PARAMETERS))


def parse_routes(size: int) -> Callable[[], object]:
    document = json.dumps({"apis": {"*": {"routes": {f"GET {wide(each)}": ["s"] for each in range(size)}}}})
    return lambda: parse_access_rules(document)


def parse_twins(size: int) -> Callable[[], object]:
    routes: dict[str, Any] = {f"GET /r{each}/{{x}}": [] for each in range(size)} | {f"POST /r{size - 1}/{{y}}": []}
    document = json.dumps({"apis": {"*": {"routes": routes}}})
    return lambda: parse_access_rules(document)


def parse_repeated_members(size: int) -> Callable[[], object]:
    members = ", ".join(f'"GET /{each}": []' for each in [*range(size), size - 1])
    return lambda: parse_access_rules(f'{{"apis": {{"*": {{"routes": {{{members}}}}}}}}}')


def parse_unknown_members(size: int) -> Callable[[], object]:
    return lambda: parse_access_rules(json.dumps({"apis": {"*": {str(each): 1 for each in range(size)}}}))


def parse_claims(size: int) -> Callable[[], object]:
    needs = {"scopes": [f"s{each}" for each in range(size)], "claims": {"c": [f"v{each}" for each in range(size)]}}
    return lambda: rules_of({"GET /a": needs})


def parse_several_scopes(size: int) -> Callable[[], object]:
    return lambda: rules_of({"GET /a": {"any_scope": [f"s{each}" for each in range(size)]}})


def parse_context(size: int) -> Callable[[], object]:
    return lambda: rules_of({}, context=[f"c{each}" for each in range(size)])


def decide_by_several_scopes(size: int) -> Callable[[], object]:
    rules = rules_of({"GET /reports": {"any_scope": [f"s{each}" for each in range(size)]}}, api_key_claim="k")
    token = token_of(scope=" ".join(f"t{each}" for each in range(size)), k="k" * 8 * size)
    request = parse_request(authorizer_event("http_2.0", "t"))
    return lambda: rules.refusal(request, token)


def write_context(size: int) -> Callable[[], object]:
    names = [f"c{each}" for each in range(size)]
    rules, token = rules_of({}, context=names), token_of(**{name: ["x"] * size for name in names})
    request = parse_request(authorizer_event("http_2.0", "t"))
    return lambda: allow(request, token, rules)


def decide_by_claims(size: int) -> Callable[[], object]:
    rules = rules_of({"GET /reports": {"scopes": [], "claims": {"c": [f"v{each}" for each in range(size)]}}})
    token = token_of(c=[f"w{each}" for each in range(size)])
    request = parse_request(authorizer_event("http_2.0", "t"))
    return lambda: rules.refusal(request, token)


def decide_below(size: int) -> Callable[[], object]:
    rules = rules_of({"GET /{p+}": []} | {f"GET {wide(each)}": ["s"] for each in range(size)})
    path = "/r0/" + "a/x/" * (PARAMETERS - 1) + "a/y"
    request = parse_request(authorizer_event("http_2.0", "t", path=path, template="/{p+}"))
    return lambda: rules.refusal(request, token_of())


def decide_for_a_token_event(size: int) -> Callable[[], object]:
    rules = rules_of({f"GET {wide(each)}": ["s"] for each in range(size)})
    request = parse_request(authorizer_event("rest_token", "t", path="/%61" + "/..%2f" * 200))
    return lambda: rules.refusal(request, token_of())


def write_policy(size: int) -> Callable[[], object]:
    routes: dict[str, Any] = {f"GET /a{each}/{{x}}": ["s"] for each in range(size // 2)}
    rules = rules_of(routes | {f"GET /b{each}": ["t"] for each in range(size // 2)}, **CACHED)
    assert isinstance(rules, CachedApiRules)
    return lambda: rules.statements("arn:", token_of(scope="s"))


def read_long_path(size: int) -> Callable[[], object]:
    return lambda: [read_path(each * size) for each in ("a/", "a", "%61/", "..%2f", "%25", "a//", ";/", "é")]


def refuse_long_path(size: int) -> Callable[[], object]:
    request = parse_request(authorizer_event("rest_request", "t", path="/*" * size))
    return lambda: refuse(request, Forbidden("no_rule", token=token_of()), rules_of({}))


def read_many_protocols(size: int) -> Callable[[], object]:
    return lambda: bearer_token(handshake({"sec-websocket-protocol": "x, " * size + "bearer, t, bearer"}))


def read_many_headers(size: int) -> Callable[[], object]:
    return lambda: bearer_token(handshake({f"authorizatio{each % 10}{each}": "x" for each in range(size)}))


def handshake(headers: dict[str, str]) -> AuthorizerRequest:
    return AuthorizerRequest(ApiKind.WEBSOCKET, {"headers": headers}, method_arn("$connect", ""), "$connect")


@pytest.mark.parametrize(
    "work",
    [
        parse_routes,
        parse_twins,
        parse_repeated_members,
        parse_unknown_members,
        parse_claims,
        parse_several_scopes,
        parse_context,
        decide_by_claims,
        decide_by_several_scopes,
        decide_below,
        decide_for_a_token_event,
        write_policy,
        write_context,
        read_long_path,
        refuse_long_path,
        read_many_protocols,
        read_many_headers,
    ],
)
def test_twice_the_size_is_twice_the_work(work: Callable[[int], Callable[[], object]]) -> None:
    """P3, G13: a document, a path or a header of twice the size makes at most twice the steps."""
    once, twice, four_times = (steps_of(work(size)) for size in (8, 16, 32))
    assert four_times - twice <= 2 * (twice - once) + 20
    assert twice <= 2 * once + 100


class CountedText(str):
    """A text that counts the characters which are looked at."""

    looked_at = 0

    def find(self, part: str, *bounds: Any) -> int:
        """Count the characters up to the end of the part, or of the text."""
        found = super().find(part, *bounds)
        self.looked_at += (len(self) if found < 0 else found + len(part)) - bounds[0]
        return found


@pytest.mark.parametrize("end", ["", "x", "y", "/x/y"])
@pytest.mark.parametrize("fill", ["a", "x", "/x/", "x/", "/"])
def test_a_pattern_is_matched_in_one_pass(fill: str, end: str) -> None:
    """G1, G13: thirty parameters against 1,600 bytes look at each character once, whatever the path repeats."""
    template = RouteTemplate(wide(0))
    path = CountedText((f"r0/{fill * LONGEST_PATH}")[:LONGEST_PATH] + end)
    steps = steps_of(lambda: template.covers(path))
    assert path.looked_at <= len(path)
    assert steps <= 8 * PARAMETERS


def test_thirty_parameters_are_read_in_few_steps() -> None:
    """R55: rules with many parameters are read under `cached_by`, though every two of them may overlap."""
    greedy = {f"GET /{'/'.join(['{p}'] * each)}": ["s", str(each)] for each in range(1, PARAMETERS)}
    rules = {method: list(needs) for method, needs in greedy.items()}
    assert steps_of(lambda: rules_of(rules, **CACHED)) <= 40 * sum(len(each) for each in rules)
