"""`python -m local rules`: the access rules of the embedded stack change without a deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from keyturn_cli.rules_document import Document, RulesWrong
from local.access_rules import PARAMETER, RulesRefused, change_rules, put_first_rules, read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {
    "ISSUER": "http://localhost:8480",
    "AUDIENCES": "https://api.example.com",
    "API_AUDIENCES": "required",
    "KEY_RING_TABLE": "ring",
    "REVOCATION_TABLE": "revocations",
    "LEEWAY_SECONDS": "2",
    "MAX_TOKEN_LIFETIME_SECONDS": "300",
    "REVOCATION_BOUND_SECONDS": "10",
    "REVOCATION_MODE": "strict",
    "FUNCTION_TIMEOUT_SECONDS": "3",
    "ALLOWED_LOG_PERCENT": "0",
    "ACCESS_RULES_PARAMETER": PARAMETER,
    "ACCESS_RULES": "",
}


class Functions:
    """Lambda with the authorizer alone; `renewed` are the environments of new sandboxes."""

    def __init__(self) -> None:
        self.variables = dict(ENVIRONMENT)
        self.renewed: list[dict[str, str]] = []

    def get_function_configuration(self, **_function: str) -> dict[str, Any]:
        return {"Environment": {"Variables": dict(self.variables)}}

    def update_function_configuration(self, **change: Any) -> None:
        self.renewed.append(change["Environment"]["Variables"])


class Emulated:
    """The emulator with Lambda and Parameter Store."""

    endpoint_url = "http://127.0.0.1:4580"
    log = Path("emulator.log")

    def __init__(self) -> None:
        self.functions = Functions()
        self.ssm = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")

    def client(self, service: str) -> Any:
        return {"lambda": self.functions, "ssm": self.ssm}[service]


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    """Return an emulator with an empty Parameter Store."""
    with mock_aws():
        yield Emulated()


def document(routes: int = 1) -> Document:
    """Return a document with so many rules."""
    rules = {f"GET /reports/{each:0>40}": ["reports:read"] for each in range(routes)}
    return Document("rules.json", json.dumps({"apis": {"*": {"routes": rules}}}))


def test_the_next_request_finds_the_new_rules(emulated: Emulated) -> None:
    """The document is stored, and sandboxes that know the older one end."""
    put_first_rules(emulated, "{}")
    assert change_rules(emulated, "authorizer", document(2)) == 2
    assert read_rules(emulated, "authorizer") == document(2).text
    assert emulated.functions.renewed == [ENVIRONMENT]


def test_a_later_start_keeps_the_rules_of_the_user(emulated: Emulated) -> None:
    """The examples' rules are stored on a new state alone."""
    put_first_rules(emulated, "the examples'")
    put_first_rules(emulated, "those of another start")
    assert read_rules(emulated, "authorizer") == "the examples'"


def test_a_wrong_document_changes_nothing(emulated: Emulated) -> None:
    """A document that the authorizer would refuse is refused before it is stored."""
    put_first_rules(emulated, "before")
    with pytest.raises(RulesWrong, match=r"^rules\.json: "):
        change_rules(emulated, "authorizer", Document("rules.json", '{"apis": {"*": {"routs": {}}}}'))
    assert (read_rules(emulated, "authorizer"), emulated.functions.renewed) == ("before", [])


@pytest.mark.parametrize(("routes", "tier"), [(50, "Standard"), (100, "Advanced")])
def test_a_longer_document_takes_the_advanced_tier(emulated: Emulated, routes: int, tier: str) -> None:
    """A standard parameter of SSM holds 4,096 characters."""
    change_rules(emulated, "authorizer", document(routes))
    [described] = emulated.ssm.describe_parameters()["Parameters"]
    assert described["Tier"] == tier


def test_a_document_that_ssm_cannot_hold_is_refused(emulated: Emulated) -> None:
    """The advanced tier holds 8,192 characters."""
    with pytest.raises(RulesRefused, match="SSM stores 8192: shorten the document"):
        change_rules(emulated, "authorizer", document(150))
    assert emulated.functions.renewed == []


def test_rules_in_the_stack_are_read_and_not_changed(emulated: Emulated) -> None:
    """PARAMETERS=AccessRules=… puts the document into the stack, where only a start changes it."""
    emulated.functions.variables |= {"ACCESS_RULES_PARAMETER": "", "ACCESS_RULES": "{}"}
    assert read_rules(emulated, "authorizer") == "{}"
    with pytest.raises(RulesRefused, match="start it without PARAMETERS=AccessRules"):
        change_rules(emulated, "authorizer", document())
