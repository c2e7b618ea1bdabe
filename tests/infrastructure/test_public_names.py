"""The public names are those of public_names.json: templates, dashboards, clients and scripts depend on them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import keyturn.verifier
from keyturn.domain.keys.key_ring import KeyState
from keyturn_cli.app import app
from local.transform import read_template
from tests.fakes.issuer_harness import INTROSPECT, JWKS, OPENID_METADATA, SECRET, TOKEN
from tests.fakes.user_flow import USERINFO, UserFlow, claims_of
from tests.infrastructure.public_names import (
    command_names,
    json_members,
    log_events,
    metric_names,
    operator_members,
    package_names,
    template_names,
)
from tests.releases import items

ROOT = Path(__file__).parents[2]
LISTED: dict[str, list[str]] = json.loads(Path(__file__).with_name("public_names.json").read_text())


@cache
def source_names() -> dict[str, set[str]]:
    """Return the names that source and template hold, by kind."""
    return {
        **template_names(read_template(ROOT / "template.yaml")),
        "metrics": metric_names([state.value for state in KeyState]),
        "log events": log_events(),
        "members of --json": operator_members(),
        "commands": command_names(typer.main.get_command(app)),
        "item attributes": stored_attributes(),
        "verifier of services": package_names(keyturn.verifier),
    }


def stored_attributes() -> set[str]:
    """Return the attributes of each kind of item, as tests/releases writes one of each."""
    return {
        f"{table} {key.partition('#')[0]}: {re.sub('#.*', '#…', attribute)}"
        for name, item in items.write().items()
        for table, _, key in [name.partition("/")]
        for attribute in item
    }


def answers(flow: UserFlow) -> dict[str, Any]:
    """Return the JSON of one answer of each endpoint and the claims of the tokens, by what they are."""
    tokens = flow.log_in(nonce="n")
    introspect = {"client_id": "app", "token": tokens["access_token"]}
    return {
        "token": tokens,
        "access token": claims_of(tokens["access_token"]),
        "ID token": claims_of(tokens["id_token"]),
        "introspection": flow.post(INTROSPECT, **introspect).json,
        "userinfo": flow.get(USERINFO, authorization=f"Bearer {tokens['access_token']}").json,
        "metadata": flow.get(OPENID_METADATA).json,
        "jwks": flow.get(JWKS).json,
        "error": flow.post(TOKEN, client_id="app", secret=SECRET + "x").json,
    }


def compare(kind: str, found: set[str]) -> None:
    """Fail with one sentence on what appeared or vanished, and how to accept it."""
    listed = set(LISTED[kind])
    appeared, vanished = sorted(found - listed), sorted(listed - found)
    assert not appeared + vanished, (
        f"{kind}: {appeared} appeared and {vanished} vanished: edit public_names.json by hand, "
        "and give each name that vanished an entry in CHANGELOG.md"
    )


# The source is read when the first test needs it: each worker of pytest collects all tests, and runs a part of them.
@pytest.mark.parametrize("kind", sorted(set(LISTED) - {"JSON of the issuer"}))
def test_source_has_the_public_names(kind: str) -> None:
    """Each name that appears or vanishes is a decision, written into the list by hand."""
    compare(kind, source_names()[kind])


def test_answers_have_the_public_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each member of the issuer's JSON, and each claim of its tokens, is in the list."""
    found = {name for path, answer in answers(UserFlow(monkeypatch)).items() for name in json_members(answer, path)}
    compare("JSON of the issuer", found)


def test_the_list_is_sorted_and_has_each_kind() -> None:
    """The list holds each kind that is compared, one sorted name a line."""
    assert set(LISTED) == {*source_names(), "JSON of the issuer"}
    assert all(names == sorted(set(names)) for names in LISTED.values())
