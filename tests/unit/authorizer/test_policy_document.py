"""The shape of each answer, and how far it reaches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer.policy_document import MAX_RESOURCE_LENGTH, allow, refuse
from authorizer.refusal import Forbidden, Unauthorized
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.access.api_rules import ApiRules
from keyturn.domain.access.declared_claims import DeclaredClaims
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import KINDS, authorizer_event, method_arn
from tests.fakes.token_factory import good_claims

CLAIMS = good_claims(sid="s1", gid="g1", secret_thing="x", aud=["a", "b"])
TOKEN = VerifiedAccessToken(CLAIMS, "kid")
CONTEXT = {
    "sub": CLAIMS["sub"],
    "client_id": "web",
    "scope": "orders:read orders:write",
    "jti": CLAIMS["jti"],
    "exp": str(CLAIMS["exp"]),
    "sid": "s1",
    "gid": "g1",
}
SIMPLE, POLICY = ApiRules("simple", {}), ApiRules("policy", {})
WITH_POLICY = [("rest_token", "simple"), ("rest_request", "policy"), ("http_1.0", "simple"), ("http_2.0", "policy")]


def request_for(kind: str, path: str = "/reports") -> AuthorizerRequest:
    return parse_request(authorizer_event(kind, "a.b.c", path=path, template="/{proxy+}"))


def statement_of(answer: dict[str, Any] | None) -> dict[str, Any]:
    assert answer is not None
    assert answer["policyDocument"]["Version"] == "2012-10-17"
    [statement] = answer["policyDocument"]["Statement"]
    assert isinstance(statement, dict)
    return statement


def test_simple_allow() -> None:
    """R57: an HTTP API with simple answers gets a true boolean and the context."""
    assert allow(request_for("http_2.0"), TOKEN, SIMPLE) == {"isAuthorized": True, "context": CONTEXT}


@pytest.mark.parametrize(("kind", "answer"), WITH_POLICY)
def test_policy_allow_names_exactly_this_request(kind: str, answer: str) -> None:
    """R54, R55: any other answer is a policy for the ARN of this request, for the token's subject."""
    document = allow(request_for(kind), TOKEN, ApiRules(answer, {}))
    assert document.keys() == {"principalId", "policyDocument", "context"}
    assert (document["principalId"], document["context"]) == (CLAIMS["sub"], CONTEXT)
    assert statement_of(document) == {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": method_arn()}


@pytest.mark.parametrize(("kind", "answer"), WITH_POLICY)
@pytest.mark.parametrize(
    "path", ["/reports/*", "/reports/?", "/*", "/reports/${*}", "/r/${aws:SourceIp}", "/" + "x" * 512]
)
def test_path_with_policy_syntax_is_not_allowed(kind: str, answer: str, path: str) -> None:
    """R54, G1, G13: a path with a wildcard or a variable of policies, or too long for a policy, is forbidden."""
    request = request_for(kind, path)
    with pytest.raises(Forbidden) as raised:
        allow(request, TOKEN, ApiRules(answer, {}))
    assert (raised.value.reason, raised.value.token) == ("resource_not_nameable", TOKEN)
    denied = statement_of(refuse(request, raised.value, ApiRules(answer, {})))
    assert denied["Effect"] == "Deny"
    assert len(denied["Resource"]) <= MAX_RESOURCE_LENGTH


@pytest.mark.parametrize(
    ("path", "denied"),
    [
        ("/a/*", "/a/?"),
        ("/a?b", "/a?b"),
        ("/${*}/${aws:SourceIp}", "/?{?}/?{aws:SourceIp}"),
        ("/" + "x" * (MAX_RESOURCE_LENGTH - len(method_arn(path="/"))), None),
    ],
)
def test_deny_covers_the_request_and_hardly_more(path: str, denied: str | None) -> None:
    """G1, G13: a policy's own character becomes any one character of a Deny; the longest path is named whole."""
    resource = statement_of(refuse(request_for("http_1.0", path), Forbidden("no_rule", token=TOKEN), SIMPLE))[
        "Resource"
    ]
    assert resource == method_arn(path=denied or path)


def test_longest_resource_is_allowed() -> None:
    """G13: a resource of exactly the longest length passes, and one character more does not."""
    fill = "x" * (MAX_RESOURCE_LENGTH - len(method_arn(path="/")))
    assert statement_of(allow(request_for("rest_token", "/" + fill), TOKEN, SIMPLE))["Effect"] == "Allow"
    with pytest.raises(Forbidden):
        allow(request_for("rest_token", "/" + fill + "x"), TOKEN, SIMPLE)


def test_deny_of_a_long_path_covers_it() -> None:
    """G13: the Deny of a path that is too long names its beginning, so that it covers the path."""
    request = request_for("rest_request", "/" + "x" * 600)
    resource = statement_of(refuse(request, Forbidden("no_rule", token=TOKEN), SIMPLE))["Resource"]
    assert resource == request.arn[: MAX_RESOURCE_LENGTH - 1] + "*"


def test_simple_answer_needs_no_resource() -> None:
    """A simple response is about this request by itself, whatever its path holds."""
    assert allow(request_for("http_2.0", "/reports/*"), TOKEN, SIMPLE)["isAuthorized"] is True


@pytest.mark.parametrize("kind", ["rest_token", "rest_request"])
def test_rest_api_is_told_unauthorized(kind: str) -> None:
    """R57: a bad token on a REST API has no answer: the handler raises Unauthorized."""
    assert refuse(request_for(kind), Unauthorized("revoked", token=TOKEN), SIMPLE) is None


@pytest.mark.parametrize("kind", KINDS)
def test_forbidden_is_a_deny_for_this_request(kind: str) -> None:
    """R57: a forbidden request gets a Deny, for its own ARN and the token's subject, and no context."""
    denied = refuse(request_for(kind), Forbidden("no_rule", token=TOKEN), POLICY)
    assert denied is not None
    assert denied.keys() == {"principalId", "policyDocument"}
    assert denied["principalId"] == CLAIMS["sub"]
    assert statement_of(denied) == {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": method_arn()}


def test_http_api_is_denied_for_a_bad_token() -> None:
    """R57: an HTTP API gets a refusal: a boolean, or a Deny without a caller."""
    refusal = Unauthorized("invalid_signature")
    assert refuse(request_for("http_2.0"), refusal, SIMPLE) == {"isAuthorized": False}
    for kind in ("http_1.0", "http_2.0"):
        denied = refuse(request_for(kind), refusal, POLICY)
        assert denied is not None
        assert denied["principalId"] == "-"
        assert statement_of(denied)["Effect"] == "Deny"


@pytest.mark.parametrize("kind", KINDS)
def test_context_is_flat_strings_and_no_token(kind: str) -> None:
    """R59: the context holds strings only, the known claims only, and no part of the token."""
    document = allow(request_for(kind), TOKEN, SIMPLE)
    assert all(type(value) is str for value in document["context"].values())
    assert "a.b.c" not in json.dumps(document)
    assert "secret_thing" not in document["context"]


@pytest.mark.parametrize("kind", KINDS)
def test_declared_claims_are_in_the_context_as_strings(kind: str) -> None:
    """R59: a claim that the rules declare reaches the backend: strings as they are, other types as JSON."""
    claims = good_claims(tenant="a", beta=True, level=7, groups=["x", "y"], plan={"a": 1}, nothing=None, other="no")
    declared = ("tenant", "beta", "level", "groups", "plan", "nothing", "absent")
    rules = ApiRules("simple", {}, DeclaredClaims(declared))
    context = allow(request_for(kind), VerifiedAccessToken(claims, "kid"), rules)["context"]
    assert {name: value for name, value in context.items() if name not in CONTEXT} == {
        "tenant": "a",
        "beta": "true",
        "level": "7",
        "groups": '["x","y"]',
        "plan": '{"a":1}',
        "nothing": "null",
    }


def test_absent_session_and_grant_are_absent() -> None:
    """A token without session and grant leaves them out of the context."""
    context = allow(request_for("http_2.0"), VerifiedAccessToken(good_claims(), "kid"), SIMPLE)["context"]
    assert context.keys() == CONTEXT.keys() - {"sid", "gid"}
