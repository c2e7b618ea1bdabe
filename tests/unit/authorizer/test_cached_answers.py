"""A cached answer is right for every route to which API Gateway applies it: IAM evaluates each ARN."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden, Unauthorized
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.cached_rules import MAX_ANSWER_BYTES, PolicyTooLarge
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event, method_arn
from tests.fakes.iam_policy import allows
from tests.fakes.token_factory import good_claims

if TYPE_CHECKING:
    from keyturn.domain.access.api_rules import ApiRules

KINDS_WITH_POLICY = ("rest_token", "rest_request", "http_1.0", "http_2.0")
SCOPES = ("s", "t", "u")
CLAIM = {"c": "x"}  # which every token here has

segments = st.sampled_from(["a", "b", "{x}"])
templates = st.builds(
    lambda path, greedy: "/" + "/".join([*path, *(["{rest+}"] if greedy else [])]),
    st.lists(segments, max_size=3),
    st.booleans(),
)
routes = st.dictionaries(
    st.builds("{} {}".format, st.sampled_from(["ANY", "GET", "POST"]), templates),
    st.lists(st.sampled_from(SCOPES), max_size=2, unique=True)
    | st.fixed_dictionaries(
        {
            "scopes": st.lists(st.sampled_from(SCOPES), max_size=1),
            "claims": st.sampled_from([{}, CLAIM, {"c": "y"}, {"c": ["x", "y"]}, {"d": "x"}]),
        }
    ),
    max_size=5,
)
scopes = st.sets(st.sampled_from(SCOPES)).map(frozenset)
paths = st.lists(
    st.sampled_from(["a", "b", "c", "", ".", "..", "a%2Fb", "%61", "a;b", "a\\b", "*", "?", "${*}", "é", "x" * 500]),
    max_size=4,
).map(lambda path: "/" + "/".join(path))
methods = st.sampled_from(["GET", "POST", "DELETE"])
calls = st.tuples(st.sampled_from(KINDS_WITH_POLICY), methods, paths)


def rules_of(api_routes: dict[str, Any], *, cached: bool) -> ApiRules | None:
    """Return the rules of the API, None if the document is refused."""
    api = {"answer": "policy", "routes": api_routes} | ({"cached_by": "token"} if cached else {})
    try:
        parsed = parse_access_rules(json.dumps({"apis": {API_ID: api}}))
    except AccessRulesError:
        return None
    return parsed.of_api(API_ID)


def request_of(call: tuple[str, str, str], template: str | None = None) -> AuthorizerRequest:
    kind, method, path = call
    return parse_request(authorizer_event(kind, "t", method=method, path=path, template=template))


def token_of(scope: frozenset[str]) -> VerifiedAccessToken:
    claims = good_claims(scope=" ".join(sorted(scope)), **CLAIM)
    return VerifiedAccessToken({name: value for name, value in claims.items() if value != ""}, "kid")


def decides(rules: ApiRules, request: AuthorizerRequest, scope: frozenset[str]) -> bool:
    return rules.refusal(request, token_of(scope)) is None


def answer_of(rules: ApiRules, request: AuthorizerRequest, scope: frozenset[str]) -> dict[str, Any]:
    token = token_of(scope)
    try:
        if not decides(rules, request, scope):
            raise Forbidden("no_rule", token=token)
        return allow(request, token, rules)
    except Forbidden as refusal:
        answer = refuse(request, refusal, rules)
        assert answer is not None
        return answer


def differences(api_routes: dict[str, Any], scope: frozenset[str], later: list[tuple[str, str, str]]) -> list[str]:
    """Return the ARNs of which the cached policy says something else than the answer to a request for them."""
    rules = rules_of(api_routes, cached=True)
    if rules is None:
        return []
    requests = [request_of(call) for call in later]
    policy = answer_of(rules, requests[0], scope)["policyDocument"]
    # Whichever route was asked about.
    assert all(answer_of(rules, each, scope)["policyDocument"] == policy for each in requests)
    return [each.arn for each in requests if allows(policy, each.arn) != decides(rules, each, scope)]


@settings(max_examples=150)
@given(routes, scopes, st.lists(calls, min_size=1, max_size=5))
def test_an_answer_that_is_cached_by_the_token_is_right_for_every_route(
    api_routes: dict[str, Any], scope: frozenset[str], later: list[tuple[str, str, str]]
) -> None:
    """R55, G2: the cached policy decides each later request as its own answer would, for any first request."""
    assert differences(api_routes, scope, later) == []


@pytest.mark.parametrize(
    "api_routes",
    [
        {"GET /{rest+}": []},
        {"GET /": [], "GET /{x}": []},
        {"GET /a/{x}": [], "GET /a/b": ["s"]},
        {"GET /{x}/b": [], "ANY /a/{x}/b": []},
        {"GET /a": [], "GET /": ["s"]},
    ],
)
def test_a_cached_policy_is_right_for_the_oddest_paths(api_routes: dict[str, list[str]]) -> None:
    """R55, G7: every path of up to three segments, dots, encodings, empty ones and wildcards included."""
    odd = ("a", "b", "", ".", "..", "...", "a.", "a%2Fb", "a;b", "a\\b", "*", "é")
    every = ["/" + "/".join(path) for length in range(4) for path in product(odd, repeat=length)]
    assert differences(api_routes, frozenset(), [("rest_token", "GET", path) for path in every]) == []


@settings(max_examples=150)
@given(routes, scopes, calls)
def test_the_cache_opens_nothing_that_is_closed_without_it(
    api_routes: dict[str, Any], scope: frozenset[str], call: tuple[str, str, str]
) -> None:
    """R55, G7: where the route of a path has a rule, a token that opens it with a cache opens it without."""
    cached, direct = rules_of(api_routes, cached=True), rules_of(api_routes, cached=False)
    if cached is None or direct is None:
        return
    request = request_of(("rest_token", *call[1:]))
    if direct.required_rules(request):
        assert decides(direct, request, scope) or not decides(cached, request, scope)


@settings(max_examples=150)
@given(calls, calls)
@example(("rest_request", "GET", "/*"), ("rest_request", "GET", "/a"))
@example(("http_2.0", "GET", "/a?"), ("http_2.0", "GET", "/ab"))
@example(("rest_request", "GET", "/${*}"), ("rest_request", "GET", "/*"))
def test_an_answer_for_one_route_opens_no_other(first: tuple[str, str, str], later: tuple[str, str, str]) -> None:
    """R54, G1: the policy for one request allows that request alone, even where it is cached by mistake."""
    rules = rules_of({"ANY /{rest+}": []}, cached=False)
    assert rules is not None
    # The widest route that an event can name.
    asked, request = request_of(first, "/{rest+}"), request_of(later, "/{rest+}")
    policy = answer_of(rules, asked, frozenset())["policyDocument"]
    assert not allows(policy, request.arn) or request.arn == asked.arn


@pytest.mark.parametrize("name", ["$default", "$connect"])
def test_an_arn_without_a_path_is_named_as_it_is(name: str) -> None:
    """R54, G12: the policy for $default or $connect allows that ARN alone, and a refusal denies it."""
    event = authorizer_event("rest_request", "t", template=name)
    event["methodArn"] = arn = method_arn("", "", stage="live") + name
    request = parse_request(event)
    rules = rules_of({name: ["s"]}, cached=False)
    assert rules is not None
    assert allows(answer_of(rules, request, frozenset({"s"}))["policyDocument"], arn)
    assert not allows(answer_of(rules, request, frozenset())["policyDocument"], arn)
    assert not allows(answer_of(rules, request, frozenset({"s"}))["policyDocument"], method_arn())


def test_a_refusal_under_the_cache_still_opens_what_the_token_opens() -> None:
    """R55: a token that asks for a route beyond its scopes keeps its other routes, and the backend its context."""
    rules = rules_of({"GET /a": ["s"], "GET /b": ["t"]}, cached=True)
    assert rules is not None
    answer = answer_of(rules, request_of(("rest_request", "GET", "/b")), frozenset({"s"}))
    assert not allows(answer["policyDocument"], method_arn("GET", "/b"))
    assert allows(answer["policyDocument"], method_arn("GET", "/a"))
    assert answer["context"]["scope"] == "s"
    assert answer["principalId"] == answer["context"]["sub"]


def test_a_token_that_opens_nothing_is_denied_everything_under_the_cache() -> None:
    """R55: the policy of a token without any of the scopes is one Deny for the whole stage."""
    rules = rules_of({"GET /a": ["s"], "ANY /b/{x}": ["t"]}, cached=True)
    assert rules is not None
    answer = answer_of(rules, request_of(("http_1.0", "GET", "/a")), frozenset({"u"}))
    assert answer["policyDocument"]["Statement"] == [
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [f"{method_arn('', '')}*"]}
    ]


def test_a_cached_policy_is_one_allow_and_one_deny() -> None:
    """R55: the rules that hold are allowed; all others, and each path with two readings, are denied."""
    rules = rules_of({"GET /a": ["s"], "GET /b/{x}": ["s"], "GET /b/c": ["t"], "GET /d": ["t"]}, cached=True)
    assert rules is not None
    answer = answer_of(rules, request_of(("rest_request", "GET", "/d")), frozenset({"s"}))
    stage = method_arn("", "")
    odd = ("*%*", "*;*", "*\\*", "*//*", "*/./*", "*/../*", "*/*/", "*/.", "*/..")
    assert answer["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": [f"{stage}GET/a", f"{stage}GET/b/?*"],
            },
            {
                "Effect": "Deny",
                "Action": "execute-api:Invoke",
                "Resource": [*(stage + pattern for pattern in odd), f"{stage}GET/b/c", f"{stage}GET/d"],
            },
        ],
    }


@pytest.mark.parametrize(
    "api_routes",
    [
        {"GET /a/{x}": ["s"], "GET /b/{x}": ["t"]},
        {"GET /a/{x}": ["s"], "POST /a/{x}": ["t"]},
        {"GET /a/{x}": ["s"], "GET /a/{x}/b": ["s"]},
        {"GET /a/{x}": ["s"], "GET /a/b": ["t"]},
        {"GET /a/{x}": ["s"], "GET /a/{x}/b": ["t"]},
        {"ANY /{rest+}": ["s"], "GET /a/{x}": []},
    ],
)
def test_rules_whose_paths_overlap_are_taken(api_routes: dict[str, list[str]]) -> None:
    """R55: rules that a path has in common are no mistake: it needs all of them, and each keeps what it needs."""
    rules = rules_of(api_routes, cached=True)
    assert rules is not None
    assert {rule.route: sorted(rule.scopes) for rule in rules} == api_routes


def test_declared_claims_are_told_under_the_cache() -> None:
    """R59: the claims of `context` reach the backend whether answers are cached by the token or not."""
    api = {"answer": "policy", "cached_by": "token", "context": ["c"], "routes": {"GET /a": []}}
    rules = parse_access_rules(json.dumps({"apis": {API_ID: api}})).of_api(API_ID)
    assert rules.answer == "policy"
    assert answer_of(rules, request_of(("http_2.0", "GET", "/a")), frozenset())["context"]["c"] == "x"


def test_a_revoked_token_opens_nothing_under_the_cache() -> None:
    """R55: an invalid token is denied every route, although its scopes would open some."""
    rules = rules_of({"GET /a": []}, cached=True)
    assert rules is not None
    request = request_of(("http_2.0", "GET", "/a"))
    answer = refuse(request, Unauthorized("revoked", token=token_of(frozenset())), rules)
    assert answer is not None
    assert answer.keys() == {"principalId", "policyDocument"}
    assert not allows(answer["policyDocument"], request.arn)
    assert not allows(answer["policyDocument"], method_arn("GET", "/b"))


@pytest.mark.parametrize(
    ("api_routes", "message"),
    [
        ({"$default": []}, r"\$default has no path"),
        ({"GET /a/{x}": [], "POST /a/{y}": []}, r"/a/\{x\} and /a/\{y\} are one route"),
        ({f"ANY /{'x' * 20}{n}": [] for n in range(20)}, f"more than {MAX_ANSWER_BYTES}: take"),
    ],
)
def test_rules_that_no_cached_policy_can_say_are_refused(api_routes: dict[str, Any], message: str) -> None:
    """R55: `cached_by` is refused for answers over 8 KB and for routes without a path; the message says what to do."""
    document = {"apis": {"*": {"answer": "policy", "cached_by": "token", "routes": api_routes}}}
    with pytest.raises(AccessRulesError, match=message):
        parse_access_rules(json.dumps(document))


@pytest.mark.parametrize(("answer", "cached_by"), [("simple", "token"), ("policy", "route"), ("policy", None)])
def test_only_a_policy_is_cached_by_the_token(answer: str, cached_by: str | None) -> None:
    """R55, G2: a simple response opens every route that its key reaches, so it is never cached by the token alone."""
    document: dict[str, Any] = {"apis": {"*": {"answer": answer, "cached_by": cached_by, "routes": {}}}}
    with pytest.raises(AccessRulesError, match=r'apis\."\*"\.cached_by is "token" or absent.* opens every route$'):
        parse_access_rules(json.dumps(document))


def test_a_stage_whose_arn_makes_the_answer_too_large_is_a_fault() -> None:
    """R55: the length of the stage's name, unknown to the document, is checked with each answer."""
    rules = rules_of({f"ANY /{'x' * 20}{n}": [] for n in range(4)}, cached=True)
    assert rules is not None
    event = authorizer_event("rest_token", "t")
    event["methodArn"] = method_arn(stage="s" * 120)
    with pytest.raises(PolicyTooLarge, match=r'take "cached_by" away'):
        allow(parse_request(event), token_of(frozenset()), rules)
