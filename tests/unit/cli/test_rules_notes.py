"""`keyturn rules check` against the APIs that ask the authorizer: what an operator may not expect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.checked_rules import REQUEST, check, rules_for
from tests.fakes.gateway_apis import (
    ARN,
    NONE,
    OTHER,
    OURS,
    http_api,
    rest_api,
    uri,
)

UNREACHED = 'no route reaches these rules of apis."*"'
NARROWING = 'these rules of apis."*" have no route of their own, and close a part of a wider route'


def test_what_an_operator_may_not_expect_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6, G7: closed routes, routes open to everybody, and rules without a route are notes."""
    routes = {"GET /x": OURS, "GET /closed": OURS, "GET /health": NONE, "OPTIONS /x": NONE, "GET /iam": OTHER}
    checked = check(monkeypatch, rules_for("GET /x", "POST /gone", "GET /iam"), http_api("h", routes))
    assert (checked.wrong, checked.exit_code) == ([], 0)
    assert checked.notes == [
        "HTTP API orders (h): closed, since no rule names these routes: GET /closed",
        "HTTP API orders (h): open to everybody, since these routes have no authorizer: GET /health",
        'no route reaches these rules of apis."*": POST /gone, GET /iam',
    ]
    assert "note: HTTP API orders (h): open to everybody" in checked.printed.stderr
    assert "no mistake" in checked.printed.stdout


@pytest.mark.parametrize(
    "api",
    [
        http_api("h", {"ANY /{proxy+}": OURS}),
        rest_api("a", {"ANY /{proxy+}": OURS}),
        rest_api("a", {"ANY /{proxy+}": OURS}, **REQUEST),
    ],
)
def test_a_rule_below_a_greedy_route_narrows_it(monkeypatch: pytest.MonkeyPatch, api: dict[str, Any]) -> None:
    """G7: `/admin/{proxy+}` has no route of its own, and closes a part of `/{proxy+}` on every kind of API."""
    checked = check(monkeypatch, rules_for("ANY /{proxy+}", "ANY /admin/{proxy+}"), api)
    assert (checked.wrong, checked.notes) == ([], [f"{NARROWING}: ANY /admin/{{proxy+}}"])


@pytest.mark.parametrize(
    ("rule", "route", "reached"),
    [
        ("ANY /admin/{proxy+}", "$default", True),
        ("ANY /admin/{id}", "ANY /{tenant}/{id}", True),
        ("GET /a/b/c", "ANY /{tenant}/{id}", False),
        ("GET /admin", "POST /{id}", False),
        ("GET /a", "GET /b", False),
    ],
)
def test_rules_without_a_route_of_their_own(
    monkeypatch: pytest.MonkeyPatch, rule: str, route: str, reached: bool
) -> None:
    """G7: a rule counts below a wider route if a path fits both, and a method."""
    [note] = check(monkeypatch, rules_for(rule, route), http_api("h", {route: OURS})).notes
    assert note == f"{NARROWING if reached else UNREACHED}: {rule}"


def test_a_method_rule_hides_the_rule_for_any_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: for an API with GET alone, the rule for ANY decides nothing beside the rule for GET."""
    [note] = check(monkeypatch, rules_for("GET /x", "ANY /x"), http_api("h", {"GET /x": OURS})).notes
    assert note.endswith(": ANY /x")


def test_an_id_that_no_api_has_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: rules of an API that does not ask this authorizer are a typing error, or of another Region."""
    document = rules_for("GET /x") | {"gone": {"routes": {"GET /x": []}}}
    assert check(monkeypatch, document, http_api("h", {"GET /x": OURS})).notes == [
        'no API that asks the authorizer has the rules of apis."gone"'
    ]


def test_what_token_refuses_besides_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: under TOKEN `/users/me` needs what `/users/{id}` needs, too."""
    document = {"*": {"routes": {"GET /users/me": [], "GET /users/{id}": ["users:read"]}}}
    routes = {"GET /users/me": OURS, "GET /users/{id}": OURS}
    [note] = check(monkeypatch, document, rest_api("a", routes), rest_api("b", routes, **REQUEST)).notes
    assert note.startswith("REST API orders (a): rules are found by the path alone")
    assert note.endswith(": GET /users/me")


def test_what_a_cached_policy_refuses_besides_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """R55: a wildcard of a cached policy crosses slashes, so that `/items/7/public` needs what `/items/{id}` needs."""
    document = {
        "*": {
            "answer": "policy",
            "cached_by": "token",
            "routes": {"GET /items/{id}": ["x"], "GET /items/{id}/public": []},
        }
    }
    routes = {"GET /items/{id}": OURS, "GET /items/{id}/public": OURS}
    [note] = check(monkeypatch, document, http_api("h", routes, EnableSimpleResponses=False)).notes
    assert note.endswith("also need what another rule needs: GET /items/{id}/public")


def test_a_route_may_name_an_authorizer_and_not_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: the authorization type decides: with NONE a route is open, whatever authorizer it names."""
    rest, http = rest_api("a", {"GET /x": NONE}), http_api("h", {"GET /x": NONE})
    rest["routes"][1]["resourceMethods"]["GET"]["authorizerId"] = "ours"
    http["routes"][0]["AuthorizerId"] = "ours"
    notes = check(monkeypatch, {"*": {"routes": {}}}, rest, http).notes
    assert [note.rpartition("since")[2] for note in notes] == [" these routes have no authorizer: GET /x"] * 2


def test_a_stage_with_an_older_deployment_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: a REST API's stage serves the routes of its deployment, and the configured ones are checked."""
    old = rest_api("a", {"GET /x": OURS, "GET /old": NONE})
    new = rest_api("a", {"GET /x": OURS}) | {"apiSummary": old["apiSummary"]}
    by_hand = http_api("h", {"GET /x": OURS}) | {
        "stages": [{"StageName": "v1", "AutoDeploy": False}, {"StageName": "v2"}]
    }
    notes = check(monkeypatch, rules_for("GET /x"), new, by_hand).notes
    assert [note.partition(":")[0] + note.rpartition(":")[2] for note in notes] == [
        "REST API orders (a) prod, test",
        "HTTP API orders (h) v1, v2",
    ]


def test_a_version_of_the_function_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: an alias may have another environment than the one that the command reads."""
    [note] = check(
        monkeypatch, rules_for("GET /x"), rest_api("a", {"GET /x": OURS}, authorizerUri=uri(f"{ARN}:live"))
    ).notes
    assert "invokes live of the function" in note


def test_without_an_api_that_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: a note says that no API calls the authorizer."""
    checked = check(monkeypatch, rules_for("GET /x"), rest_api("a", authorizerUri=None))
    assert checked.notes == ["no API of this account and Region calls the authorizer"]


def test_many_routes_are_one_short_line_and_all_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: a person reads the first five."""
    checked = check(monkeypatch, {"*": {"routes": {}}}, http_api("h", {f"GET /x{at}": OURS for at in range(9)}))
    [line] = [line for line in checked.printed.stderr.splitlines() if "closed" in line]
    assert line.endswith("GET /x4, and 4 more (--json lists all)")
    assert checked.notes[0].endswith("GET /x8")
