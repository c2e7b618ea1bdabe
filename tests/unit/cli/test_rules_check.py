"""`keyturn rules check` against the APIs that ask the authorizer: what is wrong, and what was not checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.checked_rules import REQUEST, Checked, check, rules_for
from tests.fakes.command_stack import run
from tests.fakes.gateway_apis import (
    ARN,
    OTHER,
    OURS,
    TOKEN_SOURCE,
    Apis,
    http_api,
    rest_api,
    websocket_api,
)
from tests.fakes.token_factory import AUDIENCE

SEVERAL = {"AUDIENCES": f"{AUDIENCE} https://b.example"}


def test_rules_that_fit_every_kind_of_api_are_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: no finding for APIs of each kind whose routes are the rules' own, and JSON says that they were checked."""
    routes = {"GET /reports/{id}": OURS, "ANY /files/{proxy+}": OURS}
    checked = check(
        monkeypatch,
        rules_for(*routes, "$connect"),
        rest_api("token", routes),
        rest_api("request", routes, **REQUEST),
        http_api("simple", routes),
        websocket_api("socket"),
    )
    assert (checked.wrong, checked.notes, checked.not_checked) == ([], [], [])
    assert (checked.exit_code, checked.apis_checked) == (0, True)
    assert "AccessRules of the stack: no mistake; every other route is closed" in checked.printed.stdout


@pytest.mark.parametrize(
    ("api", "where"),
    [
        (rest_api("a", {"GET /x": OURS, "POST /y": OURS}), "REST API orders (a): with a TOKEN authorizer"),
        (rest_api("a", {"GET /x": OURS, "ANY /y": OURS}), "REST API orders (a): with a TOKEN authorizer"),
    ],
)
def test_each_route_of_a_token_authorizer_needs_a_rule(monkeypatch: pytest.MonkeyPatch, api: Any, where: str) -> None:
    """G7: a TOKEN event has no route, so that a rule for another route could open one without a rule."""
    checked = check(monkeypatch, rules_for("GET /x"), api)
    [wrong] = checked.wrong
    assert wrong.startswith(where)
    assert wrong.endswith('add a rule to apis."*".routes for each of these: ' + wrong.rpartition(": ")[2])
    assert wrong.rpartition(": ")[2] in ("POST /y", "ANY /y")
    assert checked.exit_code == 1
    assert "no mistake" not in checked.printed.stdout


def test_each_route_of_a_cached_api_needs_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """R55: a cached policy names rules and no routes, so that a rule's wildcard could open a route without a rule."""
    document = rules_for("GET /items/{id}", answer="policy", cached_by="token")
    routes = {"GET /items/{id}": OURS, "GET /items/{id}/owner": OURS}
    api = http_api("h", routes, EnableSimpleResponses=False, AuthorizerResultTtlInSeconds=60)
    [wrong] = check(monkeypatch, document, api).wrong
    assert wrong.startswith('HTTP API orders (h): with "cached_by"')
    assert wrong.endswith(": GET /items/{id}/owner")


def test_a_method_that_a_wider_rule_could_open_needs_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: under TOKEN a wider rule opens the other methods of an ANY route, unless they have one of their own."""
    api = rest_api("a", {"ANY /x": OURS, "ANY /{proxy+}": OURS})
    [wrong] = check(monkeypatch, rules_for("GET /x", "ANY /{proxy+}"), api).wrong
    assert wrong.endswith(": DELETE /x, HEAD /x, OPTIONS /x, PATCH /x, POST /x, PUT /x")


def test_a_method_that_no_rule_could_open_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: a rule for GET alone may stand for an ANY route: its other methods are closed."""
    assert check(monkeypatch, rules_for("GET /x"), rest_api("a", {"ANY /x": OURS})).wrong == []


@pytest.mark.parametrize(
    ("answer", "authorizer", "changes"),
    [
        (
            "simple",
            {"EnableSimpleResponses": None},
            ["EnableSimpleResponses of the authorizer to true", '"policy" in apis."*"'],
        ),
        ("simple", {"EnableSimpleResponses": False}, ["EnableSimpleResponses of the authorizer to true"]),
        ("policy", {}, ["EnableSimpleResponses of the authorizer to false", '"answer": "simple" in apis."*"']),
        ("policy", {"AuthorizerPayloadFormatVersion": "1.0"}, ["AuthorizerPayloadFormatVersion to 2.0"]),
    ],
)
def test_an_answer_that_api_gateway_does_not_expect_is_wrong(
    monkeypatch: pytest.MonkeyPatch, answer: str, authorizer: dict[str, Any], changes: list[str]
) -> None:
    """R57: each call would be a 500; both sides that can be changed are named, and AWS's default is a policy."""
    api = http_api("h", {"GET /x": OURS}, **authorizer)
    checked = check(monkeypatch, rules_for("GET /x", answer=answer), api)
    [wrong] = checked.wrong
    assert "HTTP API orders (h): its authorizer keyturn expects a" in wrong
    assert all(change in wrong for change in changes)
    assert checked.exit_code == 1


@pytest.mark.parametrize(
    ("answer", "authorizer"),
    [
        ("policy", {"EnableSimpleResponses": False}),
        ("policy", {"EnableSimpleResponses": None}),
        ("simple", {"AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": False}),
    ],
)
def test_an_answer_that_api_gateway_expects_is_right(
    monkeypatch: pytest.MonkeyPatch, answer: str, authorizer: dict[str, Any]
) -> None:
    """R57: payload format 1.0 gets a policy, whatever the rules say."""
    assert (
        check(monkeypatch, rules_for("GET /x", answer=answer), http_api("h", {"GET /x": OURS}, **authorizer)).wrong
        == []
    )


def test_the_answer_of_an_authorizer_that_no_route_asks_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: a leftover authorizer answers nobody."""
    api = http_api("h", {"GET /x": OTHER}, EnableSimpleResponses=False)
    assert check(monkeypatch, {"*": {"routes": {}}}, api).wrong == []


@pytest.mark.parametrize(
    ("api", "change"),
    [
        (
            http_api(
                "h",
                {"ANY /orders": OURS},
                AuthorizerResultTtlInSeconds=300,
                IdentitySource=[TOKEN_SOURCE, "$context.routeKey"],
            ),
            "add $context.httpMethod",
        ),
        (
            http_api(
                "h",
                {"GET /orders": OURS},
                AuthorizerResultTtlInSeconds=1,
                IdentitySource=["$request.header.X-Tenant", "$context.routeKey"],
            ),
            "add $request.header.authorization",
        ),
        (
            rest_api("a", {"GET /orders": OURS, "ANY /orders": OURS}, authorizerResultTtlInSeconds=None),
            "set the TTL of the authorizer to 0",
        ),
        (
            rest_api("a", {"GET /orders": OURS}, authorizerResultTtlInSeconds=60, **REQUEST),
            '"cached_by": "token"',
        ),
    ],
)
def test_a_result_cache_that_mixes_requests_up_is_wrong(monkeypatch: pytest.MonkeyPatch, api: Any, change: str) -> None:
    """R55, G2: a key that mixes methods, callers or routes up, with the line to change, by the API's own routes."""
    document = {"*": {"routes": {"GET /orders": ["read"], "ANY /orders": ["write"]}}}
    checked = check(monkeypatch, document, api)
    assert checked.wrong
    assert all(
        "orders" in wrong and " caches results of its authorizer keyturn for " in wrong for wrong in checked.wrong
    )
    assert any(change in wrong for wrong in checked.wrong)
    assert checked.exit_code == 1


def test_a_cached_policy_under_a_key_without_the_token_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """R55: a cache key of a tenant alone gives one caller another's result, also under `cached_by`."""
    document = rules_for("GET /orders", answer="policy", cached_by="token")
    source = {"type": "REQUEST", "identitySource": "method.request.header.X-Tenant, context.resourcePath"}
    api = rest_api("a", {"GET /orders": OURS}, authorizerResultTtlInSeconds=60, **source)
    [wrong] = check(monkeypatch, document, api).wrong
    assert "method.request.header.authorization" in wrong


@pytest.mark.parametrize("members", [{"answer": "policy", "cached_by": "token"}, {}])
def test_a_result_cache_with_the_right_key_is_right(monkeypatch: pytest.MonkeyPatch, members: dict[str, Any]) -> None:
    """R55: a cache key of the token alone needs one policy for the API; a key with the route does not."""
    api = http_api(
        "h",
        {"GET /orders": OURS},
        AuthorizerResultTtlInSeconds=300,
        EnableSimpleResponses=not members,
        IdentitySource=[TOKEN_SOURCE] if members else [TOKEN_SOURCE, "$context.routeKey"],
    )
    assert check(monkeypatch, rules_for("GET /orders", **members), api).wrong == []


@pytest.mark.parametrize(
    ("rule", "route"),
    [
        ("GET /reports/{id}", "GET /reports/{reportId}"),
        ("ANY /files/{path+}", "GET /files/{proxy+}"),
        ("GET /Reports", "GET /reports"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "rest"])
def test_a_rule_that_spells_a_route_otherwise_is_wrong(
    monkeypatch: pytest.MonkeyPatch, rule: str, route: str, kind: str
) -> None:
    """G7: the route would always answer 403; the finding names the right spelling."""
    api = http_api("h", {route: OURS}) if kind == "http" else rest_api("a", {route: OURS}, **REQUEST)
    checked = check(monkeypatch, rules_for(rule), api)
    [wrong] = checked.wrong
    assert f'never open the route "{route}"' in wrong
    assert wrong.endswith(f"write {route.split()[1]} in them")
    assert checked.exit_code == 1


def test_names_of_parameters_do_not_matter_where_rules_are_found_by_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: a TOKEN authorizer finds the rule of `/reports/{id}` for the route `/reports/{reportId}`."""
    checked = check(monkeypatch, rules_for("GET /reports/{id}"), rest_api("a", {"GET /reports/{reportId}": OURS}))
    assert (checked.wrong, checked.notes) == ([], [])


def test_audiences_are_those_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9068 §4: an audience unknown to the stack opens no route, named for an API or in a rule's claims."""
    claims = {"scopes": [], "claims": {"aud": "https://other.example"}}
    document = {
        "a": {"audience": [AUDIENCE, "https://typo.example"], "routes": {"GET /x": []}},
        "*": {"routes": {"GET /x": claims}},
    }
    checked = check(monkeypatch, document, rest_api("a", {"GET /x": OURS}), http_api("h", {"GET /x": OURS}))
    assert len(checked.wrong) == 2
    assert any('apis."a".audience' in wrong and "typo" in wrong for wrong in checked.wrong)
    assert any('apis."*".routes."GET /x"' in wrong and "other" in wrong for wrong in checked.wrong)


def test_an_api_without_an_audience_is_wrong_where_the_stack_has_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9068 §4: with ApiAudiences `required` its routes are closed."""
    document = rules_for("GET /x") | {"b": {"audience": "https://b.example", "routes": {"GET /x": []}}}
    apis = (rest_api("a", {"GET /x": OURS}), rest_api("b", {"GET /x": OURS}))
    checked = check(monkeypatch, document, *apis, **SEVERAL)
    [wrong] = checked.wrong
    assert wrong.startswith('apis."*" names no audience')
    assert checked.exit_code == 1


def test_an_api_without_an_audience_is_noted_where_the_stack_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9068 §4: with ApiAudiences `warn` a token for any audience opens its routes."""
    checked = check(monkeypatch, rules_for("GET /x"), rest_api("a", {"GET /x": OURS}), **SEVERAL, API_AUDIENCES="warn")
    assert (checked.wrong, checked.exit_code) == ([], 0)
    assert "a token for any opens these (ApiAudiences is warn): GET /x" in checked.notes[0]


def test_a_document_that_the_deployed_release_refuses_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: an authorizer from before the member "audience" would answer each call with 500."""
    document = rules_for("GET /x", audience=AUDIENCE)
    checked = check(monkeypatch, document, rest_api("a", {"GET /x": OURS}), API_AUDIENCES=None)
    [wrong] = checked.wrong
    assert "of a release without" in wrong
    assert checked.exit_code == 1


@pytest.mark.parametrize(
    ("denied", "what"),
    [
        ("get_rest_apis", "the REST APIs cannot be listed"),
        ("get_apis", "the HTTP and WebSocket APIs cannot be listed"),
        ("get_authorizers h", "the authorizers of API h cannot be listed"),
        ("get_resources a", "REST API orders (a): its routes cannot be listed"),
        ("get_routes h", "HTTP API orders (h): its routes cannot be listed"),
        ("get_stages a", "REST API orders (a): what its stages serve cannot be read"),
        ("get_deployment a", "REST API orders (a): what its stages serve cannot be read"),
    ],
)
def test_what_cannot_be_listed_is_not_in_order(monkeypatch: pytest.MonkeyPatch, denied: str, what: str) -> None:
    """R57: a listing that is denied or throttled is said to be not checked, with exit code 1; the rest is checked."""
    rest = Apis(rest_api("a", {"GET /x": OURS}), denied=frozenset({denied}))
    http = Apis(http_api("h", {"GET /x": OURS}), denied=frozenset({denied}))
    checked = Checked(monkeypatch, rules_for("GET /x"), rest, http)
    assert (checked.exit_code, checked.apis_checked, checked.wrong) == (1, False, [])
    assert checked.not_checked[0].startswith(what)
    assert f"not checked: {what}" in checked.printed.stderr
    assert "no mistake" not in checked.printed.stdout


def test_a_file_without_a_stack_is_not_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """G7: a document alone can be free of mistakes, and the command says that no API was compared."""
    monkeypatch.chdir(tmp_path)
    Path("rules.json").write_text(json.dumps({"apis": rules_for("GET /x")}))
    checked = run("rules", "check", "rules.json")
    assert checked.exit_code == 0
    assert "rules.json: no mistake in the document; --stack compares it with the stack's APIs" in checked.stdout
    assert json.loads(run("rules", "check", "rules.json", "--json").stdout)["apis_checked"] is False


def test_large_apis_are_listed_in_large_pages() -> None:
    """G6: 500 resources a call, and every page."""
    routes = {f"GET /x{at}": OURS for at in range(7)}
    rest = Apis(rest_api("a", routes))
    apis = ProtectedApis(rest, Apis(), ARN)
    [api] = apis.find().apis
    assert [str(route) for route in apis.routes(api)] == list(routes)
    assert rest.page_sizes[-1] == 500


def test_a_policy_that_a_stage_makes_too_large_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """R59: an answer with the ARNs of a long stage name exceeds 8 KB: each call would be a 500."""
    routes = {f"GET /{'x' * 20}{at}": OURS for at in range(30)}
    members = {"answer": "policy", "cached_by": "token"}
    changes: dict[str, Any] = {"AuthorizerResultTtlInSeconds": 60, "EnableSimpleResponses": False}
    api = http_api("h", routes, **changes) | {"stages": [{"StageName": "s" * 128, "AutoDeploy": True}]}
    [wrong] = check(monkeypatch, rules_for(*routes, **members), api).wrong
    assert wrong.startswith("HTTP API orders (h): the cached result is too large")
    short = http_api("h", routes, **changes)
    assert check(monkeypatch, rules_for(*routes, **members), short).wrong == []
