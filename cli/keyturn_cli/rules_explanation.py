"""The decision about one request of an API: the route that API Gateway chooses, the rules, and the status."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from authorizer.refusal import Unauthorized
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.access.access_rules import AccessRules
from keyturn.domain.access.api_rules import ANY_METHOD, ApiRules, Rule
from keyturn.domain.access.scope import format_scope
from keyturn.jose import VerifiedAccessToken
from keyturn_cli.deployed_authorizer import DeployedAuthorizer
from keyturn_cli.explanation import sentence_of
from keyturn_cli.gateway_request import AskedRequest, authorizer_event, choose_route, sample_path
from keyturn_cli.protected_apis import HTTP, Api, Route
from keyturn_cli.rules_check import answer_mismatch
from keyturn_cli.token import asked_revocations, explain_refusal

NO_SCOPE = "none: any valid token"
# A placeholder: without a stack the account is unknown, and rules ignore it.
_NO_ACCOUNT = "arn:aws:execute-api:any-region:000000000000"
_PASSES = "passes to the backend"
_MISMATCH = "API Gateway expects the other kind of response; `keyturn rules check` says what to change"


class Question(NamedTuple):
    """A method, and a route's name or a path, of one API."""

    api: Api
    routes: list[Route]
    method: str
    route: str


class Presented(NamedTuple):
    """A token, and the authorizer that it is presented to."""

    authorizer: DeployedAuthorizer
    token: str


def explain_request(question: Question, rules: AccessRules, presented: Presented | None) -> dict[str, str]:
    """Return the explanation; `verdict` is open, closed, "not ours" or "no route", and `answer` is the status.

    Without a token a route is open if some token opens it.
    """
    api = question.api
    request, route = _find(question)
    explained = {"api": str(api), "route": f"{question.method} {question.route}"}
    if route is None:
        status = "404" if api.kind == HTTP else "403"
        return explained | {
            "rule": "none: no route",
            "verdict": "no route",
            "answer": f"{status}: the authorizer is not called",
        }
    explained |= {"api_route": str(route)} | _other_reading(question, route)
    if route.authorizer is None and route.protection == "NONE":
        return explained | {"rule": "none: no authorizer", "verdict": "open", "answer": _PASSES}
    if route.authorizer is None:
        return explained | {
            "rule": "none: another authorizer",
            "verdict": "not ours",
            "answer": f"decided by {route.protection}",
        }
    return explained | _ask(route, request, rules, presented)


def _find(question: Question) -> tuple[AskedRequest, Route | None]:
    """Return the request with its route: the route of that name with sample parameters, or the route of the path."""
    api, method, name = question.api, question.method, question.route
    if "{" in name or name.startswith("$"):
        named = [route for route in question.routes if route.template == name]
        fitting = [route for route in named if route.method in (method, ANY_METHOD)]
        chosen = min(fitting, key=lambda route: route.method == ANY_METHOD, default=None)
        return AskedRequest(api, method, sample_path(name)), chosen
    request = AskedRequest(api, method, name)
    return request, choose_route(question.routes, request)


def _other_reading(question: Question, route: Route) -> dict[str, str]:
    """Return the route of the decoded path if it differs: AWS does not document which of the two it chooses."""
    decoded = question._replace(route=unquote(question.route))
    _, other = _find(decoded) if "{" not in question.route else (None, route)
    return {} if other in (None, route) else {"or_api_route": f"{other}, if API Gateway decodes the path first"}


def _ask(route: Route, request: AskedRequest, rules: AccessRules, presented: Presented | None) -> dict[str, str]:
    """Return the explanation of a request whose route calls the authorizer."""
    account = _NO_ACCOUNT if presented is None else presented.authorizer.account
    event = authorizer_event(request, route, None if presented is None else presented.token, account)
    of_api, asked = rules.of_api(request.api.id), parse_request(event)
    explained = _rules(of_api, asked)
    if route.authorizer is not None and route.authorizer.ttl:
        explained["cached"] = f"{route.authorizer.ttl} s, during which API Gateway may use an older result"
    if route.authorizer is not None and answer_mismatch(route.authorizer, of_api):
        return explained | {"verdict": "closed", "answer": "500", "because": _MISMATCH}
    if presented is None:
        reason = _closed_to_all(of_api, asked)
        return explained | (
            {"verdict": "open"} if reason is None else {"verdict": "closed", "because": reason, "answer": "403"}
        )
    return explained | _decide(presented, event, rules, asked)


def _rules(of_api: ApiRules, request: AuthorizerRequest) -> dict[str, str]:
    required = of_api.required_rules(request)
    if not required:
        return {"rule": "none: the route is closed"}
    explained = {
        "rule": "; ".join(f"{rule.route} of {rule.api}" for rule in required),
        "needs": describe_scopes(required),
    }
    claims = "; ".join(text for rule in required if (text := describe_claims(rule)))
    if claims:
        explained["claims"] = claims
    if of_api.audiences is not None:
        explained["audience"] = " or ".join(sorted(of_api.audiences))
    if of_api.declared.api_key is not None:
        explained["api_key"] = f"claim {of_api.declared.api_key}"
    return explained


def describe_scopes(rules: Sequence[Rule]) -> str:
    """Return the scopes that rules need together, as `orders:read; one of admin support`."""
    needed = format_scope(frozenset().union(*(rule.scopes for rule in rules)))
    return "; ".join([needed] * bool(needed) + _alternatives(rules)) or NO_SCOPE


def _alternatives(rules: Sequence[Rule]) -> list[str]:
    """Return a text for each rule that needs one of several scopes."""
    return list(dict.fromkeys(f"one of {format_scope(rule.any_scope)}" for rule in rules if rule.any_scope))


def describe_claims(rule: Rule) -> str:
    """Return the claims that a rule needs, as `department: "it" or "security"`."""
    return "; ".join(f"{name}: {' or '.join(map(json.dumps, values))}" for name, values in rule.claims.items())


def _closed_to_all(of_api: ApiRules, request: AuthorizerRequest) -> str | None:
    required = of_api.required_rules(request)
    if not required:
        return sentence_of(of_api.reason_of_closed(request))[1]
    if of_api.stack is not None and of_api.stack.required and any(map(of_api.lacks_audience, required)):
        return sentence_of("no_audience")[1]
    return None


def _decide(
    presented: Presented, event: dict[str, object], rules: AccessRules, request: AuthorizerRequest
) -> dict[str, str]:
    decision = presented.authorizer.decide(event, rules)
    if decision.status == 200:
        explained = {"token": "valid", "has": _scope(decision.token), "verdict": "open", "answer": _PASSES}
        return explained | {"revocations": asked_revocations(presented.authorizer)}
    if decision.refusal is None:
        return {"verdict": "closed", "because": decision.fault, "answer": f"{decision.status}"}
    token, reason = decision.token, decision.refusal.reason
    if isinstance(decision.refusal, Unauthorized) or token is None:
        refused = explain_refusal(decision.refusal, presented.token, presented.authorizer)
        explained = {"token": refused["verdict"], "because": refused["sentence"], "revocations": refused["revocations"]}
    else:
        explained = {"token": "valid", "has": _scope(token), "because": sentence_of(reason)[1]}
        explained |= {"revocations": asked_revocations(presented.authorizer)} | _lacks(
            rules.of_api(request.api_id), request, token
        )
    return explained | {"reason": reason, "verdict": "closed", "answer": str(decision.status)}


def _lacks(of_api: ApiRules, request: AuthorizerRequest, token: VerifiedAccessToken) -> dict[str, str]:
    required = of_api.required_rules(request)
    scopes = frozenset().union(*(rule.scopes for rule in required)) - token.scope
    claims = dict.fromkeys(name for rule in required for name in rule.claims_without(token))
    if of_api.declared.api_key is not None and of_api.declared.api_key_of(token) is None:
        claims[f"{of_api.declared.api_key} with an API key"] = None
    lacks = format_scope(scopes).split()
    lacks += _alternatives([rule for rule in required if rule.any_scope.isdisjoint(token.scope)])
    lacks += [f"claim {name}" for name in claims]
    return {"lacks": ", ".join(lacks)} if lacks else {}


def _scope(token: VerifiedAccessToken | None) -> str:
    return "no scope" if token is None else format_scope(token.scope) or "no scope"
