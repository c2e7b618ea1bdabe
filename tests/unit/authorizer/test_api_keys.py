"""The API key of a usage plan in an answer: `usageIdentifierKey`, from the claim that the rules name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import APIGatewayAuthorizerResponse

from authorizer.app import lambda_handler
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event, method_arn
from tests.fakes.iam_policy import allows
from tests.fakes.token_factory import good_claims, make_token

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

KEY = "0123456789abcdefghij"
REST = ("rest_token", "rest_request")
CACHED = {"answer": "policy", "cached_by": "token"}
SCOPE = "reports:read"


def event_of(kind: str, token: str = "t", path: str = "/reports") -> dict[str, Any]:
    """Return an event of this kind, or of the handshake of a WebSocket API."""
    if kind != "websocket":
        return authorizer_event(kind, token, path=path)
    context = {"eventType": "CONNECT", "routeKey": "$connect", "stage": "prod"}
    arn = method_arn("$connect", "")
    headers = {"Authorization": f"Bearer {token}"}
    return {"type": "REQUEST", "methodArn": arn, "headers": headers, "requestContext": context}


def document(**members: Any) -> dict[str, Any]:
    """Return a document whose API takes the API key from the claim `plan`."""
    routes = {"GET /reports": [SCOPE], "GET /other": ["other"], **({} if "cached_by" in members else {"$connect": []})}
    return {"apis": {API_ID: {"api_key_claim": "plan", "routes": routes, **members}}}


def rules_of(**members: Any) -> ApiRules:
    """Return the rules of that document."""
    return parse_access_rules(json.dumps(document(**members))).of_api(API_ID)


def token_of(**claims: Any) -> VerifiedAccessToken:
    """Return a token for the route, with these claims."""
    return VerifiedAccessToken(good_claims(scope=SCOPE, **claims), "kid")


def answer_of(kind: str, token: VerifiedAccessToken, rules: ApiRules, path: str = "/reports") -> dict[str, Any] | None:
    """Return the answer that the rules lead to."""
    request: AuthorizerRequest = parse_request(event_of(kind, path=path))
    reason = rules.refusal(request, token)
    return allow(request, token, rules) if reason is None else refuse(request, Forbidden(reason, token=token), rules)


@pytest.mark.parametrize("members", [{}, CACHED])
@pytest.mark.parametrize("kind", REST)
def test_a_rest_api_gets_the_key_of_the_token(kind: str, members: dict[str, Any]) -> None:
    """R54: beside the policy stands the key, under the name by which AWS's own library writes it."""
    where = ("p", "eu-central-1", "123456789012", "a", "prod")
    expected = APIGatewayAuthorizerResponse(*where, usage_identifier_key=KEY)
    expected.allow_all_routes()
    [name] = [name for name, value in expected.asdict().items() if value == KEY]
    answer = answer_of(kind, token_of(plan=KEY), rules_of(**members))
    assert answer is not None
    assert answer.keys() == {"principalId", "policyDocument", "context", name}
    assert answer[name] == KEY
    assert allows(answer["policyDocument"], method_arn())


def test_a_websocket_api_gets_the_key_of_the_token() -> None:
    """G12: a WebSocket API can read the key of the handshake, by its API key selection expression."""
    answer = answer_of("websocket", token_of(plan=KEY), rules_of())
    assert answer is not None
    assert answer["usageIdentifierKey"] == KEY


@pytest.mark.parametrize("kind", ["http_1.0", "http_2.0"])
@pytest.mark.parametrize("answer", ["simple", "policy"])
def test_an_http_api_gets_no_key(kind: str, answer: str) -> None:
    """R54: HTTP APIs have no usage plans, so that the key stays out of their answers."""
    given = answer_of(kind, token_of(plan=KEY), rules_of(answer=answer))
    assert given is not None
    assert KEY not in json.dumps(given)


@pytest.mark.parametrize("kind", REST)
def test_a_document_without_the_member_gives_no_key(kind: str) -> None:
    """R54: an API without `api_key_claim` never receives a key, whatever the token has."""
    rules = parse_access_rules(json.dumps({"apis": {"*": {"routes": {"GET /reports": []}}}})).of_api("*")
    answer = answer_of(kind, token_of(plan=KEY, usageIdentifierKey=KEY), rules)
    assert answer is not None
    assert KEY not in json.dumps(answer)


WRONG: dict[str, Any] = {
    "absent": {},
    "short": {"plan": KEY[1:]},
    "long": {"plan": "k" * 129},
    "empty": {"plan": ""},
    "a list": {"plan": [KEY]},
    "a number": {"plan": 10**15},
    "null": {"plan": None},
    "true": {"plan": True},
    "an object": {"plan": {"key": KEY}},
    "a blank": {"plan": f"{KEY} {KEY}"},
    "a line break": {"plan": f"{KEY}\n"},
    "NUL": {"plan": f"{KEY}\0"},
    "another letter": {"plan": f"{KEY}é"},
    "a quote": {"plan": f'{KEY}"'},
    "under another name": {"Plan": KEY},
}


@pytest.mark.parametrize("members", [{}, CACHED])
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", [*REST, "http_1.0"])
def test_a_token_without_a_key_is_forbidden(kind: str, wrong: str, members: dict[str, Any]) -> None:
    """R57: a token whose claim is absent, or is unlike a key, is denied every route."""
    token, rules = token_of(**WRONG[wrong]), rules_of(**members)
    assert rules.refusal(parse_request(event_of(kind)), token) == "no_api_key"
    answer = answer_of(kind, token, rules)
    assert answer is not None
    assert "usageIdentifierKey" not in answer
    assert not allows(answer["policyDocument"], method_arn())


@pytest.mark.parametrize("length", [20, 128])
def test_the_shortest_and_the_longest_key_are_taken(length: int) -> None:
    """R54: an API key has 20 to 128 characters."""
    assert rules_of().declared.api_key_of(token_of(plan="k" * length)) == "k" * length


@pytest.mark.parametrize("wrong", WRONG)
def test_no_other_value_is_a_key(wrong: str) -> None:
    """R54: a value that is unlike an API key stays out of the answer."""
    assert rules_of().declared.api_key_of(token_of(**WRONG[wrong])) is None


def test_a_cached_policy_of_another_route_has_the_key() -> None:
    """R55: API Gateway reuses the result of a refused route for an allowed one, which needs the key."""
    answer = answer_of("rest_request", token_of(plan=KEY), rules_of(**CACHED), path="/other")
    assert answer is not None
    assert answer["usageIdentifierKey"] == KEY
    assert not allows(answer["policyDocument"], method_arn(path="/other"))
    assert allows(answer["policyDocument"], method_arn())


def test_a_refusal_of_one_route_has_no_key() -> None:
    """R57: the Deny for one request carries neither a context nor a key."""
    answer = answer_of("rest_request", token_of(plan=KEY), rules_of(), path="/other")
    assert answer is not None
    assert answer.keys() == {"principalId", "policyDocument"}


def test_a_token_is_never_the_key() -> None:
    """R66: no access token is short enough for a key, so that a token in the claim is refused."""
    assert len(make_token()) > 128
    assert rules_of().declared.api_key_of(token_of(plan=make_token())) is None


def test_the_function_logs_the_reason_and_never_the_key(world: AuthorizerWorld) -> None:
    """R57, R66: a missing key is logged by its reason and counted; the value of a key is in no line."""
    world.document = document()
    world.authorizer = world.build("simple")
    good = make_token(claims={"scope": SCOPE, "plan": KEY})
    short = make_token(claims={"scope": SCOPE, "plan": "short-key"})
    assert lambda_handler(event_of("rest_request", good), None)["usageIdentifierKey"] == KEY
    denied = lambda_handler(event_of("rest_request", short), None)
    assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    lines = world.lines()
    assert [line.get("reason") for line in lines if line["event"] == "refused"] == ["no_api_key"]
    assert KEY not in json.dumps(lines)
    assert "short-key" not in json.dumps(lines)


def test_a_scope_is_missed_before_the_key() -> None:
    """R57: the log names the missing scope or claim first."""
    request = parse_request(event_of("rest_request", path="/other"))
    assert rules_of().refusal(request, token_of()) == "insufficient_scope"
