"""One of several scopes, and claims that are numbers, in a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer.request import parse_request
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.access.result_cache import CacheKey, problems
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event
from tests.fakes.token_factory import good_claims

REQUEST = parse_request(authorizer_event("rest_request", "t"))
ROUTE = "GET /reports"


def rules_of(needs: Any, **members: Any) -> ApiRules:
    """Return the rules of an API with one route."""
    return parse_access_rules(json.dumps({"apis": {API_ID: {"routes": {ROUTE: needs}, **members}}})).of_api(API_ID)


def refusal(needs: Any, scope: str = "n", **claims: Any) -> str | None:
    """Return the reason why a token with this scope and these claims is refused."""
    token = VerifiedAccessToken(good_claims(scope=scope, **claims), "kid")
    return rules_of(needs).refusal(REQUEST, token)


@pytest.mark.parametrize(
    ("needs", "scope", "opens"),
    [
        ({"any_scope": ["a", "b"]}, "a", True),
        ({"any_scope": ["a", "b"]}, "b x", True),
        ({"any_scope": ["a", "b"]}, "a b", True),
        ({"any_scope": ["a", "b"]}, "c", False),
        ({"any_scope": ["a", "b"]}, "A", False),
        ({"any_scope": ["a"]}, "a", True),
        ({"any_scope": ["a"]}, "b", False),
        ({"scopes": [], "any_scope": ["a", "b"]}, "n", False),
        ({"scopes": ["s"], "any_scope": ["a", "b"]}, "s b", True),
        ({"scopes": ["s"], "any_scope": ["a", "b"]}, "a b", False),
        ({"scopes": ["s"], "any_scope": ["a", "b"]}, "s", False),
    ],
)
def test_a_token_needs_one_scope_of_several(needs: Any, scope: str, opens: bool) -> None:
    """RFC 6750 §3.1: `any_scope` needs one of its scopes, beside all of `scopes`."""
    assert refusal(needs, scope) == (None if opens else "insufficient_scope")


def test_a_token_without_scopes_has_none_of_several() -> None:
    """RFC 6750 §3.1: an absent scope is refused where one of several is needed."""
    claims = good_claims()
    del claims["scope"]
    rules = rules_of({"any_scope": ["a", "b"]})
    assert rules.refusal(REQUEST, VerifiedAccessToken(claims, "kid")) == "insufficient_scope"


def test_one_of_several_scopes_decides_a_cached_policy() -> None:
    """R55: the policy for all routes allows a route with `any_scope` to the tokens that have one."""
    rules: Any = rules_of({"any_scope": ["a", "b"]}, answer="policy", cached_by="token")
    allowed = [
        any(
            each["Effect"] == "Allow"
            for each in rules.statements("arn:", VerifiedAccessToken(good_claims(scope=s), "k"))
        )
        for s in ("a", "b", "c")
    ]
    assert allowed == [True, True, False]


def test_a_cache_key_tells_one_of_several_scopes_apart() -> None:
    """R55, G2: two methods that differ in `any_scope` alone have different decisions."""
    routes = {"GET /a": {"scopes": ["s"], "any_scope": ["a"]}, "ANY /a": {"scopes": ["s"], "any_scope": ["b"]}}
    parsed = parse_access_rules(json.dumps({"apis": {"*": {"routes": routes}}})).of_api("*")
    assert problems(CacheKey("http_2.0", {"token", "path"}), "simple", parsed, ["ANY /a"])
    assert problems(CacheKey("http_2.0", {"token", "path", "method"}), "simple", parsed, ["ANY /a"]) == []


@pytest.mark.parametrize(
    ("wanted", "claim", "opens"),
    [
        (3, 3, True),
        (3, [1, 3], True),
        ([1, 2], 2, True),
        (0, 0, True),
        (-7, -7, True),
        (2**53 - 1, 2**53 - 1, True),
        (1 - 2**53, 1 - 2**53, True),
        (3, 4, False),
        (3, "3", False),
        (3, 3.0, False),
        (3, [3.0, "3", [3]], False),
        (3, None, False),
        ("3", 3, False),
        (1, True, False),
        (True, 1, False),
        (0, False, False),
        (False, 0, False),
        ([1, False], False, True),
        ([1, False], True, False),
        ([1, False], 0, False),
    ],
)
def test_a_number_is_compared_by_type_and_value(wanted: Any, claim: Any, opens: bool) -> None:
    """RFC 8259 §3: a whole number differs from a string, from a boolean and from a fraction."""
    needs = {"scopes": [], "claims": {"level": wanted}}
    assert refusal(needs, level=claim) == (None if opens else "insufficient_claims")


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**30, 1.0, 1.5, 1e3, None, [1, 2.0], {"at_least": 1}, []])
def test_a_number_is_whole_and_exact(value: Any) -> None:
    """RFC 7493 §2.2: fractions and numbers over 53 bits are refused, since readers of JSON round them differently."""
    with pytest.raises(AccessRulesError, match=r'claims\."level" is a string, a 53-bit integer, true, false, or'):
        rules_of({"scopes": [], "claims": {"level": value}})


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_a_number_that_json_lacks_is_refused(value: str) -> None:
    """RFC 8259 §6: NaN, infinities and numbers without an end are mistakes of the document."""
    needs = {"scopes": [], "claims": {"level": "here"}}
    document = json.dumps({"apis": {"*": {"routes": {"GET /a": needs}}}})
    with pytest.raises(AccessRulesError):
        parse_access_rules(document.replace('"here"', value))


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"any_scope": []}, r'routes\."GET /reports"\.any_scope has at least one scope'),
        ({"scopes": ["a"], "any_scope": []}, r"any_scope has at least one scope"),
        ({"any_scope": "a"}, r"any_scope is a list of scopes"),
        ({"any_scope": None}, r"any_scope is a list of scopes"),
        ({"any_scope": [1]}, r"any_scope is a list of scopes"),
        ({"any_scope": ["a b"]}, r"any_scope: each scope is one token"),
        ({"any_scope": ["a"], "scopes": None}, r"scopes is a list of scopes"),
        ({"claims": {"level": 1}}, r"scopes is a list of scopes"),
        ({"any_scopes": ["a"]}, r'has an unknown member "any_scopes"; known: any_scope, claims, scopes$'),
    ],
)
def test_a_wrong_list_of_scopes_is_explained(needs: Any, message: str) -> None:
    """RFC 6749 §3.3: an error names the member; an empty `any_scope` would refuse every token."""
    with pytest.raises(AccessRulesError, match=message):
        rules_of(needs)


def test_a_document_of_before_has_the_same_rules() -> None:
    """G7: rules without the new members need what they needed."""
    for needs in (["a", "b"], {"scopes": ["a", "b"]}, {"scopes": ["a", "b"], "claims": {}}):
        [rule] = rules_of(needs)
        assert rule.scopes == {"a", "b"}
        assert not rule.any_scope
        assert not rule.claims
