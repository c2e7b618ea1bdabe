"""`keyturn rules explain`: the route that API Gateway chooses, the rules that decide, and the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn_cli import rules
from keyturn_cli.deployment import Deployment
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.command_stack import ENVIRONMENT, command_stack, deployment, put_ring, run
from tests.fakes.gateway_apis import ARN, NONE, OTHER, OURS, Apis, http_api, rest_api, websocket_api
from tests.fakes.token_factory import make_token, signing_key

ROUTES = {
    "GET /reports/{id}": OURS,
    "ANY /{proxy+}": OURS,
    "GET /health": NONE,
    "GET /iam": OTHER,
    "GET /jobs/{op}": OURS,
    "POST /jobs/all": OURS,
}
NOT_FOUND, MISSING_TOKEN = "404: the authorizer is not called", "403: the authorizer is not called"
RULES = {
    "GET /reports/{id}": ["reports:read"],
    "ANY /{proxy+}": ["all"],
    "ANY /admin/{proxy+}": ["admin"],
    "GET /jobs/{op}": ["jobs"],
    "POST /jobs/all": ["jobs"],
    "$connect": ["chat"],
    "GET /staff/{proxy+}": {"scopes": [], "claims": {"department": ["it", "security"]}},
}
NOW = int(wall_seconds())
REQUEST: dict[str, Any] = {"type": "REQUEST"}


@pytest.fixture(scope="module", autouse=True)
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Return a stack with one key; the token `gone` is revoked."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch, command_stack(folder):
        patch.chdir(folder)
        put_ring(signing_key())
        found = deployment()
        target = Target.of(TargetKind.TOKEN, "gone")
        found.revocations().revoke(Revocation(target, expires_at=NOW + 3600), reason="a test", actor="me")
        patch.setattr(rules, "find_deployment", lambda *_: found)
        yield found


def deploy(monkeypatch: pytest.MonkeyPatch, *apis: dict[str, Any], **environment: str) -> None:
    """Deploy the authorizer with the rules, and APIs that ask it."""
    rest = Apis(*(api for api in apis if "ProtocolType" not in api))
    http = Apis(*(api for api in apis if "ProtocolType" in api))
    document = {"ACCESS_RULES": json.dumps({"apis": {"*": {"routes": RULES}}})}
    monkeypatch.setattr(rules, "gateways_of", lambda _: ProtectedApis(rest, http, ARN))
    monkeypatch.setattr(rules, "read_environment", lambda _: ENVIRONMENT | document | environment)


def explain(*arguments: str) -> dict[str, Any]:
    """Return what `rules explain --json` says; its exit code is 0 for an open route alone."""
    explained = run("rules", "explain", *arguments, "--json")
    explanation: dict[str, Any] = json.loads(explained.stdout)
    assert explained.exit_code == int(explanation["verdict"] != "open")
    return explanation


def token(**claims: Any) -> str:
    """Return a token that the stack accepts, with these claims."""
    return make_token(claims={"iat": NOW - 1, "exp": NOW + 900} | claims)


@pytest.mark.parametrize(
    ("method", "asked", "api_route", "rule", "needs"),
    [
        ("GET", "/reports/7", "GET /reports/{id}", "GET /reports/{id} of *", "reports:read"),
        ("GET", "/reports/{id}", "GET /reports/{id}", "GET /reports/{id} of *", "reports:read"),
        ("POST", "/reports/7", "ANY /{proxy+}", "ANY /{proxy+} of *", "all"),
        ("GET", "/{proxy+}", "ANY /{proxy+}", "ANY /{proxy+} of *", "all"),
        ("DELETE", "/admin/users", "ANY /{proxy+}", "ANY /{proxy+} of *; ANY /admin/{proxy+} of *", "admin all"),
        ("GET", "/%61dmin/users", "ANY /{proxy+}", "ANY /{proxy+} of *; ANY /admin/{proxy+} of *", "admin all"),
        ("GET", "/jobs/all", "ANY /{proxy+}", "ANY /{proxy+} of *; GET /jobs/{op} of *", "all jobs"),
    ],
)
def test_the_route_is_the_one_that_a_rest_api_chooses(
    monkeypatch: pytest.MonkeyPatch, method: str, asked: str, api_route: str, rule: str, needs: str
) -> None:
    """G7: by path and method, then by a greedy resource; a rule below a greedy route counts too."""
    deploy(monkeypatch, rest_api("a", ROUTES, **REQUEST))
    explanation = explain(method, asked)
    assert (explanation["api_route"], explanation["rule"], explanation["needs"]) == (api_route, rule, needs)
    assert (explanation["route"], explanation["verdict"]) == (f"{method} {asked}", "open")


def test_the_route_is_the_one_that_an_http_api_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: an HTTP API chooses a full match of path and method before a greedy one, and `$default` last."""
    deploy(monkeypatch, http_api("h", {**ROUTES, "ANY /a/{proxy+}": OURS, "GET /{x}/b": OURS, "$default": OURS}))
    assert explain("GET", "/jobs/all")["api_route"] == "GET /jobs/{op}"
    assert explain("GET", "/a/b")["api_route"] == "GET /{x}/b"
    assert explain("GET", "/")["api_route"] == "$default"
    assert explain("GET", "$default")["rule"] == "none: the route is closed"


def test_a_token_authorizer_sees_the_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: under TOKEN every rule that matches the path decides."""
    deploy(monkeypatch, rest_api("a", ROUTES))
    explanation = explain("GET", "/reports/7")
    assert explanation["rule"] == "GET /reports/{id} of *; ANY /{proxy+} of *"
    assert explain("GET", "/reports/%2e%2e")["verdict"] == "open"


@pytest.mark.parametrize(
    ("api", "method", "path", "verdict", "answer"),
    [
        (http_api("h", {"GET /x": OURS}), "GET", "/y", "no route", NOT_FOUND),
        (http_api("h", {"GET /x": OURS}), "POST", "/x", "no route", NOT_FOUND),
        (http_api("h", {"GET /x/{id}": OURS}), "GET", "/x/", "no route", NOT_FOUND),
        (rest_api("a", {"GET /x": OURS}), "POST", "/x", "no route", MISSING_TOKEN),
        (
            rest_api("a", {"POST /x/y": OURS, "GET /x/{id}": OURS}),
            "GET",
            "/x/y",
            "no route",
            MISSING_TOKEN,
        ),
        (websocket_api("w"), "GET", "/x", "no route", MISSING_TOKEN),
        (http_api("h", ROUTES), "GET", "/health", "open", "passes to the backend"),
        (http_api("h", ROUTES), "GET", "/iam", "not ours", "decided by JWT"),
        (rest_api("a", ROUTES), "GET", "/iam/", "not ours", "decided by AWS_IAM"),
    ],
)
def test_a_request_that_the_authorizer_does_not_see(
    monkeypatch: pytest.MonkeyPatch, api: dict[str, Any], method: str, path: str, verdict: str, answer: str
) -> None:
    """G6: rules decide only about a route that calls this authorizer."""
    deploy(monkeypatch, api)
    explanation = explain(method, path)
    assert (explanation["verdict"], explanation["answer"]) == (verdict, answer)


def test_an_encoded_path_may_have_two_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: the route of the decoded path is said too, and the rules decide by the path as it is sent."""
    deploy(monkeypatch, rest_api("a", {"GET /admin": OURS, "ANY /{proxy+}": OURS}, **REQUEST))
    explanation = explain("GET", "/%61dmin")
    assert (explanation["api_route"], explanation["or_api_route"].partition(",")[0]) == ("ANY /{proxy+}", "GET /admin")
    assert "or_api_route" not in explain("GET", "/admin")


def test_a_cached_result_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """R19: within the TTL a revocation does not count, and neither does a change of the rules."""
    deploy(monkeypatch, rest_api("a", ROUTES, authorizerResultTtlInSeconds=None, **REQUEST))
    explanation = explain("GET", "/reports/7", "--token", token(scope="reports:read"))
    assert explanation["cached"].startswith("300 s")
    assert explanation["revocations"] == "read; the function is in the mode snapshot, and follows within 10 s"


def test_a_rule_for_a_route_of_another_spelling_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: the API's route is `/reports/{reportId}`, and no rule has that name."""
    deploy(monkeypatch, http_api("h", {"GET /reports/{reportId}": OURS}))
    explanation = explain("GET", "/reports/7", "--token", token(scope="reports:read"))
    assert (explanation["api_route"], explanation["rule"]) == ("GET /reports/{reportId}", "none: the route is closed")
    assert (explanation["verdict"], explanation["reason"], explanation["answer"]) == ("closed", "no_rule", "403")
    assert explain("GET", "/reports/{id}")["verdict"] == "no route"


@pytest.mark.parametrize(
    ("api", "path", "scope", "lacks", "answer"),
    [
        (rest_api("a", ROUTES, **REQUEST), "/reports/7", "reports:read x", None, "passes to the backend"),
        (rest_api("a", ROUTES, **REQUEST), "/admin/x", "all", "admin", "403"),
        (rest_api("a", ROUTES, **REQUEST), "/admin/x", "admin", "all", "403"),
        (rest_api("a", ROUTES), "/reports/7", "reports:read", "all", "403"),
        (http_api("h", ROUTES), "/staff/x", "all", "claim department", "403"),
        (websocket_api("w"), "$connect", "chat", None, "passes to the backend"),
        (websocket_api("w"), "$connect", "other", "chat", "403"),
    ],
)
def test_a_token_is_held_against_the_rules(
    monkeypatch: pytest.MonkeyPatch, api: dict[str, Any], path: str, scope: str, lacks: str | None, answer: str
) -> None:
    """G7: whether the token opens the route, what it has, and what it lacks of all rules that decide."""
    deploy(monkeypatch, api)
    explanation = explain("GET", path, "--token", token(scope=scope))
    assert (explanation["token"], explanation["has"].split(), explanation.get("lacks")) == (
        "valid",
        sorted(scope.split()),
        lacks,
    )
    assert (explanation["verdict"], explanation["answer"]) == ("closed" if lacks else "open", answer)


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        (rest_api("a", ROUTES), "401"),
        (rest_api("a", ROUTES, **REQUEST), "401"),
        (http_api("h", ROUTES), "403"),
        (websocket_api("w"), "403"),
    ],
)
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "https://other.example"}, "invalid_audience"),
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"cnf": {"jkt": "x"}}, "sender_constrained"),
        ({"jti": "gone"}, "revoked"),
    ],
)
def test_a_token_that_is_refused_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, api: dict[str, Any], answer: str, claims: dict[str, Any], reason: str
) -> None:
    """R57: the status is 401 where the kind of API can say it, else 403."""
    deploy(monkeypatch, api)
    path = "$connect" if api["id"] == "w" else "/reports/7"
    explanation = explain("GET", path, "--token", token(scope="reports:read all chat", **claims))
    assert (explanation["verdict"], explanation["reason"], explanation["answer"]) == ("closed", reason, answer)
    assert explanation["token"] == ("revoked" if reason == "revoked" else "refused")


def test_an_audience_of_another_api_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9068 §4: a token for API A is refused at API B, and the explanation names the audience of B."""
    document = {"a": {"audience": "https://a.example", "routes": {"GET /x": []}}}
    audiences = {"AUDIENCES": "https://a.example https://b.example", "ACCESS_RULES": json.dumps({"apis": document})}
    deploy(monkeypatch, rest_api("a", {"GET /x": OURS}), **audiences)
    assert explain("GET", "/x", "--token", token(aud="https://a.example"))["verdict"] == "open"
    explanation = explain("GET", "/x", "--token", token(aud="https://b.example"))
    assert (explanation["verdict"], explanation["reason"], explanation["answer"]) == (
        "closed",
        "invalid_audience",
        "401",
    )
    assert explanation["audience"] == "https://a.example"


def test_an_api_that_needs_an_audience_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9068 §4: without a token, too, the explanation says that the rules name no audience."""
    document: dict[str, Any] = {"*": {"routes": {"GET /x": []}}}
    audiences = {"AUDIENCES": "https://a.example https://b.example", "ACCESS_RULES": json.dumps({"apis": document})}
    deploy(monkeypatch, rest_api("a", {"GET /x": OURS}), **audiences)
    explanation = explain("GET", "/x")
    assert (explanation["verdict"], "several audiences" in explanation["because"]) == ("closed", True)
    assert explain("GET", "/x", "--token", token(aud="https://a.example"))["reason"] == "no_audience"


def test_an_answer_that_api_gateway_does_not_expect_is_a_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: a good token opens nothing while EnableSimpleResponses and the rules differ."""
    deploy(monkeypatch, http_api("h", ROUTES, EnableSimpleResponses=None))
    explanation = explain("GET", "/reports/7", "--token", token(scope="reports:read"))
    assert (explanation["verdict"], explanation["answer"]) == ("closed", "500")


def test_several_apis_have_to_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: rules and routes are an API's own; without --api the command lists the APIs."""
    deploy(monkeypatch, rest_api("a", ROUTES), http_api("h", ROUTES))
    for arguments in ((), ("--api", "gone")):
        asked = run("rules", "explain", "GET", "/reports/7", *arguments)
        assert asked.exit_code == 2
        flat = " ".join(asked.stderr.replace("│", " ").split())
        assert "REST API orders (a), HTTP API orders (h)" in flat
    assert explain("GET", "/reports/7", "--api", "h")["api"] == "HTTP API orders (h)"


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        (Apis(), "no API of this account and Region calls the authorizer"),
        (
            Apis(rest_api("a"), denied=frozenset({"get_rest_apis"})),
            "the REST APIs cannot be listed",
        ),
        (
            Apis(rest_api("a"), rest_api("b"), denied=frozenset({"get_authorizers b"})),
            "the authorizers of API b cannot be listed",
        ),
    ],
)
def test_an_api_that_is_not_known_is_an_error(monkeypatch: pytest.MonkeyPatch, rest: Apis, what: str) -> None:
    """R57: where a listing is denied, another API may be the one that was meant."""
    deploy(monkeypatch)
    monkeypatch.setattr(rules, "gateways_of", lambda _: ProtectedApis(rest, Apis(), ARN))
    failed = run("rules", "explain", "GET", "/x")
    assert failed.exit_code == 1
    assert what in str(failed.exception)


@pytest.mark.parametrize(
    ("arguments", "rule", "needs"),
    [
        (("GET", "/reports/7"), "GET /reports/{id} of *", "reports:read"),
        (("GET", "$connect"), "$connect of *", "chat"),
        (("GET", "/reports/{id}", "--api", "b"), "GET /reports/{id} of b", "none: any valid token"),
        (("GET", "/reports/7", "--api", "b"), "GET /reports/{id} of b", "none: any valid token"),
        (("PUT", "/reports/7", "--api", "b"), "none: no route", None),
    ],
)
def test_a_document_alone_is_explained_by_its_own_routes(
    tmp_path: Path, arguments: tuple[str, ...], rule: str, needs: str | None
) -> None:
    """G7: --file alone asks no stack, and the document's routes stand for the API's."""
    document: dict[str, Any] = {"*": {"routes": RULES}, "b": {"routes": {"GET /reports/{id}": []}}}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"apis": document}))
    explanation = explain(*arguments, "--file", str(file))
    assert (explanation["rule"], explanation.get("needs")) == (rule, needs)


def test_a_document_is_explained_for_the_stack_before_it_is_deployed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """G7: --file beside a token replaces the deployed document, for the real routes and settings."""
    deploy(monkeypatch, http_api("h", {"GET /new": OURS}))
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"apis": {"*": {"routes": {"GET /new": ["new"]}}}}))
    assert explain("GET", "/new", "--token", token(scope="new"))["verdict"] == "closed"
    assert explain("GET", "/new", "--token", token(scope="new"), "--file", str(file))["verdict"] == "open"


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "/me"),
        ("ANY", "/me"),
        ("GET", "me"),
        ("GET", "/me?x=1"),
        ("GET", "https://api.example/me"),
        ("GET", "/a b"),
        ("GET", "/me\x1b"),
        ("GET", "/me", "--file", "-", "--token", "-"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...]) -> None:
    """An unknown method, an invalid path, and standard input for both document and token are refused."""
    assert run("rules", "explain", *arguments).exit_code == 2


def test_the_explanation_is_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: a person reads names and values."""
    deploy(monkeypatch, http_api("h", ROUTES))
    shown = run("rules", "explain", "GET", "/admin/x").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["api", "route", "api_route", "rule", "needs", "verdict"]
