"""Access rules: what opens a route, and what is wrong with a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.access.access_rules import AccessRules, AccessRulesError, parse_access_rules
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event
from tests.fakes.token_factory import good_claims

ROUTES = {
    "GET /reports": ["reports:read"],
    "ANY /reports": ["reports:admin"],
    "GET /reports/{id}": ["reports:read", "reports:one"],
    "GET /me": [],
    "ANY /files/{proxy+}": ["files"],
    "$default": ["default"],
}


def rules(routes: Any = None, **apis: Any) -> str:
    return json.dumps({"apis": apis or {"*": {"routes": ROUTES if routes is None else routes}}})


def request(kind: str, method: str, path: str, template: str | None = None) -> AuthorizerRequest:
    return parse_request(authorizer_event(kind, "t", method=method, path=path, template=template))


def opening(parsed: AccessRules, asked: AuthorizerRequest) -> list[str] | None:
    """Return the scopes that open a request, sorted, or None."""
    required = parsed.of_api(asked.api_id).required_rules(asked)
    return sorted(frozenset[str]().union(*(rule.scopes for rule in required))) if required else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path", "template", "scopes"),
    [
        ("GET", "/reports", "/reports", ["reports:read"]),
        ("DELETE", "/reports", "/reports", ["reports:admin"]),
        ("GET", "/reports/7", "/reports/{id}", ["reports:one", "reports:read"]),
        ("POST", "/reports/7", "/reports/{id}", None),
        ("GET", "/me", "/me", []),
        ("PUT", "/files/a/b", "/files/{proxy+}", ["files"]),
        ("GET", "/other", "/other", None),
    ],
)
def test_route_has_its_scopes(kind: str, method: str, path: str, template: str, scopes: list[str] | None) -> None:
    """A method's own rule goes before ANY; a route without a rule has none, whatever the kind of API."""
    assert opening(parse_access_rules(rules()), request(kind, method, path, template)) == scopes


def test_default_route_needs_its_own_rule() -> None:
    """Only a request that API Gateway sent to $default is opened by the rule for $default."""
    parsed = parse_access_rules(rules())
    assert opening(parsed, request("http_2.0", "GET", "/x", "$default")) == ["default"]
    assert (
        opening(parse_access_rules(rules({"ANY /{proxy+}": []})), request("http_2.0", "GET", "/x", "$default")) is None
    )


def test_named_route_is_not_opened_by_a_wider_one() -> None:
    """G6, G7: where API Gateway names the route, the rules of other routes never admit a token, {proxy+} included."""
    parsed = parse_access_rules(rules({"ANY /{proxy+}": []}))
    for kind in ("rest_request", "http_1.0", "http_2.0"):
        assert opening(parsed, request(kind, "GET", "/admin", "/admin")) is None
        assert opening(parsed, request(kind, "GET", "/admin", "/{proxy+}")) == []


def test_api_is_found_by_its_id_first() -> None:
    """An API that is named has its own rules alone; "*" is for the others; without either everything is closed."""
    named = {"routes": {"GET /reports": ["named"]}, "answer": "policy"}
    others = {"routes": {"GET /reports": ["others"], "GET /me": []}}
    asked = request("http_2.0", "GET", "/reports")
    both = parse_access_rules(rules(**{API_ID: named, "*": others}))
    assert (opening(both, asked), both.of_api(API_ID).answer) == (["named"], "policy")
    assert opening(both, request("http_2.0", "GET", "/me")) is None
    rest = parse_access_rules(rules(**{"another": named, "*": others}))
    assert (opening(rest, asked), rest.of_api(API_ID).answer) == (["others"], "simple")
    none = parse_access_rules(rules(another=named))
    assert (opening(none, asked), none.of_api(API_ID).answer) == (None, "simple")


def test_declared_claims_are_the_apis_own() -> None:
    """Each API declares the claims that its backend receives; the default is an empty list."""
    parsed = parse_access_rules(rules(a={"routes": {}, "context": ["tenant", "plan"]}, b={"routes": {}}))
    assert (parsed.of_api("a").declared.context, parsed.of_api("b").declared.context) == (("tenant", "plan"), ())


def test_all_rules_are_told_as_they_were_written() -> None:
    """An iteration gives each rule of the document, with its API and its route, in the document's order."""
    needs = {"scopes": ["t"], "claims": {"staff": True}}
    parsed = parse_access_rules(rules(a={"routes": {"GET /x": ["s"], "ANY /x": needs}}, b={"routes": {"$default": []}}))
    assert [(rule.api, rule.route, sorted(rule.scopes), rule.claims) for rule in parsed] == [
        ("a", "GET /x", ["s"], {}),
        ("a", "ANY /x", ["t"], {"staff": (True,)}),
        ("b", "$default", [], {}),
    ]


@pytest.mark.parametrize(
    ("claims", "opens"),
    [
        ({"department": "it", "staff": True}, True),
        ({"department": ["sales", "security"], "staff": True}, True),
        ({"department": "sales", "staff": True}, False),
        ({"department": "it"}, False),
        ({"department": "it", "staff": "true"}, False),
        ({"department": "it", "staff": 1}, False),
        ({"department": {"it": "it"}, "staff": True}, False),
        ({"department": [["it"]], "staff": True}, False),
        ({"department": None, "staff": True}, False),
        ({"department": "IT", "staff": True}, False),
        ({"department": [], "staff": True}, False),
    ],
)
def test_a_rule_needs_of_each_claim_one_of_its_values(claims: dict[str, Any], opens: bool) -> None:
    """Every claim of the rule has one of the values by type and spelling, alone or in a list."""
    needs = {"scopes": ["admin"], "claims": {"department": ["it", "security"], "staff": True}}
    api, asked = parse_access_rules(rules({"GET /a": needs})).of_api("*"), request("http_2.0", "GET", "/a")
    refusal = api.refusal(asked, VerifiedAccessToken(good_claims(scope="admin", **claims), "kid"))
    assert refusal == (None if opens else "insufficient_claims")
    other = api.refusal(asked, VerifiedAccessToken(good_claims(scope="other", **claims), "kid"))
    assert other == "insufficient_scope"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON in its strict form"),
        ('{"apis": {"*": {"routes": {}}, "*": {"routes": {}}}}', r'"\*" is there twice'),
        ('{"apis": {}, "b": 1, "b": 2}', r'^not JSON in its strict form: "b" is there twice$'),
        ("[" * 100_000, "not JSON in its strict form"),
        ("[]", "the document is not a JSON object"),
        ("{}", "apis is not a JSON object"),
        ('{"apis": {}, "api": {}}', 'unknown member "api"; known: apis'),
        (rules(a=[]), 'apis."a" is not a JSON object'),
        (rules(a={}), 'apis."a".routes is not a JSON object'),
        (
            rules(a={"routes": {}, "answers": "simple"}),
            'unknown member "answers"; known: answer, api_key_claim, audience, cached_by, context, routes',
        ),
        (rules(a={"routes": {}, "answer": "iam"}), 'apis."a".answer is "simple" or "policy"'),
        (rules(a={"routes": {}, "answer": ["simple"]}), 'apis."a".answer is "simple" or "policy"'),
        (rules({"reports": []}), r'apis."\*".routes."reports": a route is "METHOD /path"'),
        (
            rules({"get /reports": []}),
            (
                r'a route is "METHOD /path", "\$default" or "\$connect", METHOD being one of ANY, DELETE, GET, HEAD, '
                "OPTIONS, PATCH, POST, PUT$"
            ),
        ),
        (rules({"GET  /reports": []}), "a path begins with /"),
        (rules({"GET reports": []}), r'routes\."GET reports": a path begins with /$'),
        (rules({"GET /{proxy+}/x": []}), r": a greedy parameter such as \{proxy\+\} is the last segment$"),
        (rules({"GET /reports/*": []}), r'the segment "\*"'),
        (rules({"GET /a/{x}": [], "POST /a/{y}": []}), "/a/{x} and /a/{y} are one route"),
        (rules({"GET /a": "reports:read"}), "is a list of scopes"),
        (rules({"GET /a": [5]}), r'apis\."\*"\.routes\."GET /a" is a list of scopes'),
        (rules({"GET /a": ["a b"]}), "each scope is one token"),
        (rules({"GET /a": ["a", "b c"]}), r'routes\."GET /a": each scope is one token'),
        (rules({"GET /a": [""]}), "each scope is one token"),
        (rules({"GET /a": ['"']}), "each scope is one token"),
        (rules({"GET /a": {}}), r'routes."GET /a".scopes is a list of scopes'),
        (
            rules({"GET /a": {"scopes": [], "claim": {}}}),
            r'routes\."GET /a" has an unknown member "claim"; known: any_scope, claims, scopes$',
        ),
        (rules({"GET /a": {"scopes": [], "claims": []}}), r'routes."GET /a".claims is not a JSON object'),
        (
            rules({"GET /a": {"scopes": [], "claims": {"c": []}}}),
            r'claims."c" is a string, a 53-bit integer, true, false, or a list',
        ),
        (
            rules({"GET /a": {"scopes": [], "claims": {"c": 1.5}}}),
            r'claims."c" is a string, a 53-bit integer, true, false, or a list',
        ),
        (
            rules({"GET /a": {"scopes": [], "claims": {"c": [None]}}}),
            r'claims."c" is a string, a 53-bit integer, true, false, or a list',
        ),
        (rules(a={"routes": {}, "context": "tenant"}), r'apis."a".context is a list of the names of claims'),
        (rules(a={"routes": {}, "context": ["tenant", "sub"]}), 'context: "sub" cannot be declared'),
    ],
)
def test_wrong_document_is_explained(document: str, message: str) -> None:
    """An error of a document names its place and what is expected there."""
    with pytest.raises(AccessRulesError, match=message):
        parse_access_rules(document)
