"""`keyturn rules check` about browsers: preflights have no token, and HEAD has a rule of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.checked_rules import REQUEST, check, rules_for
from tests.fakes.command_stack import run
from tests.fakes.gateway_apis import NONE, OTHER, OURS, http_api, rest_api, websocket_api

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = "a preflight has no token, so that the authorizer refuses it at these routes"
CATCHING = "these routes catch preflights, which the authorizer refuses"
CORS = {"CorsConfiguration": {"AllowOrigins": ["https://app.example"]}}


def notes_with(notes: list[str], text: str) -> list[str]:
    """Return the routes of the notes with this text."""
    return [note.rpartition(": ")[2] for note in notes if text in note]


@pytest.mark.parametrize("options", ["OPTIONS /x", "OPTIONS /{proxy+}"])
@pytest.mark.parametrize("kind", ["token", "request", "http"])
def test_an_authorizer_on_a_preflight_is_noted(monkeypatch: pytest.MonkeyPatch, kind: str, options: str) -> None:
    """G6: SAM's `Cors` with a default authorizer lets the authorizer refuse each preflight."""
    routes = {"GET /x": OURS, options: OURS}
    api = http_api("h", routes) if kind == "http" else rest_api("a", routes, **(REQUEST if kind == "request" else {}))
    checked = check(monkeypatch, rules_for("GET /x", options), api)
    assert notes_with(checked.notes, REFUSED) == [options]
    assert notes_with(checked.notes, "useless to browsers") == [options]
    assert (checked.wrong, checked.exit_code) == ([], 0)


@pytest.mark.parametrize("options", [NONE, OTHER])
def test_a_preflight_without_this_authorizer_has_no_note(monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    """G6: an OPTIONS route without the authorizer is what a browser needs."""
    routes = {"GET /x": OURS, "OPTIONS /x": options}
    checked = check(monkeypatch, rules_for("GET /x"), rest_api("a", routes, **REQUEST), http_api("h", routes))
    assert checked.notes == []


@pytest.mark.parametrize(
    ("routes", "caught"),
    [
        ({"ANY /x": OURS}, ["ANY /x"]),
        ({"$default": OURS}, ["$default"]),
        ({"$default": OURS, "OPTIONS /{proxy+}": NONE}, []),
        ({"ANY /{proxy+}": OURS, "OPTIONS /{proxy+}": NONE}, []),
        ({"ANY /x": OURS, "OPTIONS /{proxy+}": NONE}, ["ANY /x"]),
        ({"ANY /x": OURS, "OPTIONS /x": NONE}, []),
        ({"ANY /x": NONE}, []),
        ({"GET /x": OURS}, []),
    ],
)
def test_a_route_that_catches_preflights_is_noted(
    monkeypatch: pytest.MonkeyPatch, routes: dict[str, str], caught: list[str]
) -> None:
    """G6: an HTTP API with CORS sends a preflight to a route for ANY, unless a route for OPTIONS precedes it."""
    rules = rules_for(*(route for route in routes if not route.startswith("OPTIONS")))
    assert notes_with(check(monkeypatch, rules, http_api("h", routes) | CORS).notes, CATCHING) == caught


def test_a_rest_method_for_any_catches_the_preflight_of_its_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: each resource of a REST API for browsers needs an OPTIONS method beside ANY."""
    routes = {"ANY /x": OURS, "ANY /y": OURS, "OPTIONS /y": NONE}
    checked = check(monkeypatch, rules_for("ANY /x", "ANY /y"), rest_api("a", routes, **REQUEST))
    assert notes_with(checked.notes, CATCHING) == ["ANY /x"]


def test_an_api_without_cors_has_no_note_about_preflights(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: routes for ANY are usual, and most callers are no browsers."""
    apis = [http_api("h", {"ANY /x": OURS}), rest_api("a", {"ANY /x": OURS}, **REQUEST), websocket_api("w")]
    assert check(monkeypatch, rules_for("ANY /x", "$connect"), *apis).notes == []


@pytest.mark.parametrize(
    ("rules", "closed"),
    [(["GET /x"], ["ANY /x"]), (["GET /x", "HEAD /x"], []), (["ANY /x"], []), (["POST /x"], []), (["HEAD /x"], [])],
)
def test_head_that_is_denied_beside_get_is_noted(
    monkeypatch: pytest.MonkeyPatch, rules: list[str], closed: list[str]
) -> None:
    """G7: RFC 9110 §9.3.2 has HEAD for the headers of GET, and a rule for GET does not apply to it."""
    checked = check(monkeypatch, rules_for(*rules), http_api("h", {"ANY /x": OURS}))
    assert notes_with(checked.notes, "HEAD is denied") == closed
    assert checked.exit_code == 0


def test_a_leak_is_wrong_and_not_also_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: where a wider rule opens HEAD, the missing rule is a fault."""
    api = rest_api("a", {"ANY /x": OURS, "ANY /{proxy+}": OURS})
    checked = check(monkeypatch, rules_for("GET /x", "ANY /{proxy+}"), api)
    assert checked.exit_code == 1
    assert notes_with(checked.notes, "HEAD is denied") == []


def test_rules_for_options_are_noted_without_a_stack(tmp_path: Path) -> None:
    """G6: the document alone shows a rule that opens no preflight."""
    document: dict[str, Any] = {"apis": {"a": {"routes": {"OPTIONS /x": [], "GET /x": []}}, "*": {"routes": {}}}}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(document))
    printed = run("rules", "check", str(file), "--json")
    assert json.loads(printed.stdout)["notes"] == [
        'these rules of apis."a" are useless to browsers: a preflight has no token (docs/browsers.md): OPTIONS /x'
    ]
    assert printed.exit_code == 0


def test_a_rule_for_options_without_a_route_is_one_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """G6: the note about preflights replaces the one about rules that no route reaches."""
    [note] = check(monkeypatch, rules_for("GET /x", "OPTIONS /x"), http_api("h", {"GET /x": OURS})).notes
    assert "useless to browsers" in note
