"""A cached answer is at most 8 KB, for the largest rules and the largest tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden
from authorizer.request import parse_request
from keyturn.adapters.keys.kms_signer import MAX_RAW_BYTES
from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.base64url import encode
from keyturn.domain.clients.client import is_client_id
from keyturn.domain.users.subject import is_subject
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event, method_arn
from tests.fakes.token_factory import good_claims

LIMIT = 8192
SUBJECT = f"u_{'s' * 64}"
KEY = "k" * 128
STAGE = "s" * (80 - len(method_arn("", "", stage="")))
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k" * 43}
FILLINGS: dict[str, Callable[[int], Any]] = {
    "a long text": lambda size: "x" * size,
    "escaped characters": lambda size: "\\" * size,
    "letters of other alphabets": lambda size: "é😀" * (size // 2),
    "a list of empty texts": lambda size: [""] * size,
    "a list of backslashes": lambda size: ["\\" * size],
    "a list of other letters": lambda size: ["é" * size],
    "a list of numbers": lambda size: [1] * size,
}


def largest_token(name: str, filling: str) -> VerifiedAccessToken:
    """Return the largest token with this claim that the issuer signs."""
    fixed = good_claims(sub=SUBJECT, client_id="c" * 64, sid="s" * 43, gid="g" * 43, plan_key=KEY)
    low, high = 0, MAX_RAW_BYTES
    while high - low > 1:
        size = (low + high) // 2
        fits = len(signing_input(fixed | {name: FILLINGS[filling](size)})) <= MAX_RAW_BYTES
        low, high = (size, high) if fits else (low, size)
    return VerifiedAccessToken(fixed | {name: FILLINGS[filling](low)}, "kid")


def signing_input(claims: dict[str, Any]) -> str:
    """Return the bytes that are signed (RFC 7515 §5.1)."""
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (HEADER, claims))
    return ".".join(map(encode, parts))


def largest_rules(**members: Any) -> ApiRules:
    """Return the rules with the most routes that are read."""
    read: ApiRules | None = None
    for number in count(1):
        routes: dict[str, Any] = {f"GET /{'x' * 20}{each}/{{x}}": [] for each in range(number)}
        api = {"answer": "policy", "cached_by": "token", "routes": routes, **members}
        try:
            read = parse_access_rules(json.dumps({"apis": {API_ID: api}})).of_api(API_ID)
        except AccessRulesError:
            break
    assert read is not None
    return read


def sizes_of(rules: ApiRules, token: VerifiedAccessToken) -> tuple[int, int]:
    """Return the bytes of an answer in both encodings of JSON (RFC 8259 §7, §8.1)."""
    request = parse_request(authorizer_event("rest_request", "t") | {"methodArn": method_arn(stage=STAGE)})
    answer = allow(request, token, rules)
    assert answer == refuse(request, Forbidden("no_rule", token=token), rules)
    return len(json.dumps(answer)), len(json.dumps(answer, ensure_ascii=False).encode())


@pytest.mark.parametrize("filling", FILLINGS)
def test_an_answer_with_a_declared_claim_is_at_most_8_kb(filling: str) -> None:
    """R55, R59: policy, context, principal and API key together keep API Gateway's bound, whatever the claim holds."""
    rules = largest_rules(context=["groups"], api_key_claim="plan_key")
    assert max(sizes_of(rules, largest_token("groups", filling))) <= LIMIT


def test_an_answer_without_a_declared_claim_is_at_most_8_kb() -> None:
    """R55, R59: the usual context alone counts too; the longest scope nearly fills the bound."""
    token = largest_token("scope", "a long text")
    for members, room in (({}, 500), ({"api_key_claim": "plan_key"}, 500)):
        assert LIMIT - room < max(sizes_of(largest_rules(**members), token)) <= LIMIT


def test_a_context_leaves_less_room_for_the_policy() -> None:
    """R55: declared claims and an API key each reduce the routes that a cached policy may have."""
    routes = [len(list(largest_rules(**each))) for each in ({}, {"api_key_claim": "k"}, {"context": ["c"]})]
    assert routes == sorted(routes, reverse=True)
    assert routes[0] > routes[1] > routes[2] > 0


def test_an_answer_that_may_be_too_large_is_refused_with_its_size() -> None:
    """R55: the message counts the policy and the context, and says what to change."""
    routes: dict[str, Any] = {f"GET /{'x' * 20}{each}/{{x}}": [] for each in range(20)}
    api = {"answer": "policy", "cached_by": "token", "routes": routes}
    assert list(parse_access_rules(json.dumps({"apis": {"*": api}})))
    with pytest.raises(AccessRulesError, match=r'context, may have \d+ bytes, more than 8192: take "cached_by" away'):
        parse_access_rules(json.dumps({"apis": {"*": api | {"context": ["groups"]}}}))


def test_no_principal_is_longer_than_a_subject() -> None:
    """R55: a subject has at most 66 characters, and the id of a client at most 64."""
    assert is_subject(SUBJECT)
    assert not is_subject(f"{SUBJECT}s")
    assert not is_client_id("c" * 65)


@pytest.mark.parametrize("filling", FILLINGS)
def test_an_answer_for_one_request_is_small_enough(filling: str) -> None:
    """R59: without a cached policy the longest resource, the context and the key fit into 8 KB for every token."""
    api = {"context": ["groups"], "api_key_claim": "plan_key", "routes": {"GET /{proxy+}": []}}
    rules = parse_access_rules(json.dumps({"apis": {API_ID: api}})).of_api(API_ID)
    event = authorizer_event("rest_request", "t")
    event["methodArn"] += "x" * (512 - len(event["methodArn"]))
    answer = allow(parse_request(event), largest_token("groups", filling), rules)
    assert len(json.dumps(answer)) <= LIMIT
