"""`keyturn rules check` and `explain` on API keys, on one of several scopes, and on numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn_cli import rules
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.checked_rules import REQUEST, check
from tests.fakes.command_stack import ENVIRONMENT, command_stack, deployment, put_ring, run
from tests.fakes.gateway_apis import ARN, OURS, Apis, http_api, rest_api, websocket_api
from tests.fakes.token_factory import make_token, signing_key

NOW = int(wall_seconds())
AUTHORIZER = {"apiKeySource": "AUTHORIZER"}
SELECTED = {"ApiKeySelectionExpression": "$context.authorizer.usageIdentifierKey"}
ROUTES = {
    "GET /reports": {"scopes": ["reports:read"], "any_scope": ["eu", "us"]},
    "GET /one": {"any_scope": ["b", "a"]},
    "GET /level": {"scopes": [], "claims": {"level": [3, 4], "beta": True}},
}


def rules_of(route: str = "GET /x", **members: Any) -> dict[str, Any]:
    """Return a document with one route for every API."""
    return {"*": {"routes": {route: []}, **members}}


@pytest.mark.parametrize(
    ("api", "members", "problem", "change"),
    [
        (http_api("h", {"GET /x": OURS}), {"api_key_claim": "plan"}, "no usage plans", 'add an entry for "h"'),
        (
            rest_api("a", {"GET /x": OURS}),
            {"api_key_claim": "plan"},
            "the key of the token is ignored",
            "set ApiKeySource of the API to AUTHORIZER",
        ),
        (
            rest_api("a", {"GET /x": OURS}) | {"apiKeySource": "HEADER"},
            {"api_key_claim": "plan"},
            "the key of the token is ignored",
            "set ApiKeySource of the API to AUTHORIZER",
        ),
        (
            rest_api("a", {"GET /x": OURS}, **REQUEST) | AUTHORIZER,
            {},
            "is a 403",
            'add api_key_claim to apis."*"',
        ),
    ],
)
def test_a_key_that_is_not_read_and_one_that_is_missing_are_wrong(
    monkeypatch: pytest.MonkeyPatch, api: dict[str, Any], members: dict[str, Any], problem: str, change: str
) -> None:
    """R54: the source of API keys and the rules agree, or the finding names the side to change."""
    checked = check(monkeypatch, rules_of(**members), api)
    [wrong] = checked.wrong
    assert problem in wrong
    assert change in wrong
    assert checked.exit_code == 1


def test_a_websocket_api_selects_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """G12: a WebSocket API reads the authorizer's key by its selection expression alone."""
    document = rules_of("$connect", api_key_claim="plan")
    [wrong] = check(monkeypatch, document, websocket_api("w")).wrong
    assert wrong.endswith("set ApiKeySelectionExpression of the API to $context.authorizer.usageIdentifierKey")
    assert check(monkeypatch, document, websocket_api("w") | SELECTED).wrong == []


@pytest.mark.parametrize(
    ("api", "members"),
    [
        (rest_api("a", {"GET /x": OURS}) | AUTHORIZER, {"api_key_claim": "plan"}),
        (rest_api("a", {"GET /x": OURS}) | {"apiKeySource": "HEADER"}, {}),
        (http_api("h", {"GET /x": OURS}), {}),
    ],
)
def test_a_key_that_is_read_is_right(monkeypatch: pytest.MonkeyPatch, api: dict[str, Any], members: Any) -> None:
    """R54: no finding where the API takes the key that the rules name, or neither has one."""
    assert check(monkeypatch, rules_of(**members), api).wrong == []


@pytest.mark.parametrize(
    ("own", "other", "noted"),
    [
        ({"any_scope": ["a", "b"]}, {"any_scope": ["a", "b", "c"]}, False),
        ({"any_scope": ["a", "b"]}, {"any_scope": ["a"]}, True),
        ({"scopes": ["a"]}, {"any_scope": ["a", "b"]}, False),
        ({"scopes": ["c"]}, {"any_scope": ["a", "b"]}, True),
        ({"any_scope": ["a"]}, {"scopes": []}, False),
        ({"scopes": [], "claims": {"c": 1}}, {"scopes": [], "claims": {"c": [1, 2]}}, False),
        ({"scopes": [], "claims": {"c": 1}}, {"scopes": [], "claims": {"c": True}}, True),
        ({"scopes": [], "claims": {"c": False}}, {"scopes": [], "claims": {"c": 0}}, True),
    ],
)
def test_a_rule_that_asks_for_more_by_the_path_is_noted(
    monkeypatch: pytest.MonkeyPatch, own: Any, other: Any, noted: bool
) -> None:
    """G7: under TOKEN a route also needs the wider rule, which is noted unless its own rule implies that one."""
    document = {"*": {"routes": {"GET /users/me": own, "GET /users/{id}": other}}}
    api = rest_api("a", {"GET /users/me": OURS, "GET /users/{id}": OURS})
    notes = check(monkeypatch, document, api).notes
    assert any("GET /users/me" in note.rpartition(": ")[2].split(", ") for note in notes) is noted


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """Bring up a stack with one key, whose REST API takes API keys from the authorizer."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch, command_stack(folder):
        patch.chdir(folder)
        put_ring(signing_key())
        found = deployment()
        document = {"apis": {"*": {"api_key_claim": "plan", "routes": ROUTES}}}
        api = rest_api("a", dict.fromkeys(ROUTES, OURS), **REQUEST) | AUTHORIZER
        patch.setattr(rules, "find_deployment", lambda *_: found)
        patch.setattr(rules, "gateways_of", lambda _: ProtectedApis(Apis(api), Apis(), ARN))
        patch.setattr(rules, "read_environment", lambda _: ENVIRONMENT | {"ACCESS_RULES": json.dumps(document)})
        yield patch


@pytest.mark.parametrize(
    ("path", "claims", "expected"),
    [
        ("/reports", {}, {"needs": "reports:read; one of eu us", "lacks": "reports:read, one of eu us"}),
        ("/reports", {"scope": "reports:read"}, {"lacks": "one of eu us", "reason": "insufficient_scope"}),
        ("/reports", {"scope": "reports:read us"}, {"lacks": "claim plan with an API key", "reason": "no_api_key"}),
        ("/reports", {"scope": "reports:read us"}, {"verdict": "open", "api_key": "claim plan"}),
        ("/one", {"scope": "c"}, {"needs": "one of a b", "lacks": "one of a b"}),
        ("/one", {"scope": "b"}, {"verdict": "open"}),
        ("/level", {"level": 3, "beta": 1}, {"claims": "level: 3 or 4; beta: true", "lacks": "claim beta"}),
        ("/level", {"level": "3", "beta": True}, {"lacks": "claim level", "reason": "insufficient_claims"}),
        ("/level", {"level": 4, "beta": True}, {"verdict": "open", "needs": "none: any valid token"}),
    ],
)
@pytest.mark.usefixtures("stack")
def test_the_explanation_says_what_is_needed_and_lacking(path: str, claims: Any, expected: dict[str, str]) -> None:
    """RFC 6750 §3.1: one of several scopes, numbers and the API key are among the needs, and what lacks is named."""
    key = {} if expected.get("reason") == "no_api_key" else {"plan": "k" * 20}
    given = {"iat": NOW - 1, "exp": NOW + 900, "scope": "n"} | key | claims
    explained = json.loads(run("rules", "explain", "GET", path, "--token", make_token(claims=given), "--json").stdout)
    assert {name: explained.get(name) for name in expected} == expected


@pytest.mark.usefixtures("stack")
def test_the_check_prints_every_need() -> None:
    """G7: `rules check` prints one of several scopes and numbers as `explain` does."""
    shown = {row["route"]: row for row in json.loads(run("rules", "check", "--json").stdout)["rules"]}
    assert shown["GET /reports"]["scopes"] == "reports:read; one of eu us"
    assert shown["GET /one"]["scopes"] == "one of a b"
    assert shown["GET /level"]["claims"] == "level: 3 or 4; beta: true"


@pytest.mark.usefixtures("stack")
def test_the_explanation_never_prints_the_key() -> None:
    """R66: the name of the claim is shown, and its value is left out."""
    key = "secret-key-of-a-plan-0001"
    token = make_token(claims={"iat": NOW - 1, "exp": NOW + 900, "scope": "a", "plan": key})
    assert key not in run("rules", "explain", "GET", "/one", "--token", token).output
