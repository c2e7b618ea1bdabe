"""`keyturn rules check` on the fakes of API Gateway, with an environment of the authorizer function."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn_cli import rules
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.command_stack import ENVIRONMENT, run
from tests.fakes.gateway_apis import ARN, Apis

REQUEST: dict[str, Any] = {"type": "REQUEST", "identitySource": "method.request.header.Authorization"}


class Checked:
    """The findings of one `rules check`, and its exit code."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        document: dict[str, Any],
        rest: Apis,
        http: Apis,
        **environment: str | None,
    ) -> None:
        variables = ENVIRONMENT | {"ACCESS_RULES": json.dumps({"apis": document})} | environment
        monkeypatch.setattr(rules, "find_deployment", lambda *_: None)
        monkeypatch.setattr(rules, "read_environment", lambda _: {n: v for n, v in variables.items() if v is not None})
        monkeypatch.setattr(rules, "gateways_of", lambda _: ProtectedApis(rest, http, ARN))
        self.printed = run("rules", "check")
        as_json = run("rules", "check", "--json")
        assert self.printed.exit_code == as_json.exit_code, (self.printed.output, self.printed.exception)
        self.exit_code = as_json.exit_code
        parsed = json.loads(as_json.stdout)
        self.wrong: list[str] = parsed["wrong"]
        self.notes: list[str] = parsed["notes"]
        self.not_checked: list[str] = parsed["not_checked"]
        self.apis_checked: bool = parsed["apis_checked"]


def check(
    monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], *apis: dict[str, Any], **environment: str | None
) -> Checked:
    """Check a document's `apis` against these APIs of the account."""
    rest = Apis(*(api for api in apis if "ProtocolType" not in api))
    http = Apis(*(api for api in apis if "ProtocolType" in api))
    return Checked(monkeypatch, document, rest, http, **environment)


def rules_for(*routes: str, **members: Any) -> dict[str, Any]:
    """Return a document with one scope for each of these routes, for every API."""
    return {"*": {"routes": {route: ["read"] for route in routes}} | members}
