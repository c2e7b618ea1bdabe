"""`keyturn rules check` of a document: a file's, standard input's, or the deployed one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from keyturn_cli import rules
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.command_stack import command_stack, deploy_authorizer, run
from tests.fakes.gateway_apis import ARN, OURS, Apis, rest_api

RULES = {
    "apis": {
        "*": {"routes": {"GET /reports/{id}": ["reports:read"], "ANY /me": [], "$connect": ["chat"]}},
        "a1b2c3d4e5": {"routes": {"GET /reports/{id}": ["other:read"]}},
    }
}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack in this folder with one API, and a document beside it."""
    monkeypatch.chdir(tmp_path)
    Path("rules.json").write_text(json.dumps(RULES))
    apis = ProtectedApis(Apis(rest_api("a", {"GET /reports/{id}": OURS, "ANY /me": OURS})), Apis(), ARN)
    monkeypatch.setattr(rules, "gateways_of", lambda _: apis)
    with command_stack(tmp_path):
        yield


def test_a_document_in_order_is_shown() -> None:
    """`rules check FILE` prints every rule, and says that no API was asked."""
    shown = run("rules", "check", "rules.json")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1].split() == ["*", "GET", "/reports/{id}", "reports:read", "-"]
    assert "ANY /me" in shown.stdout
    assert "rules.json: no mistake in the document" in shown.stdout
    piped = run("rules", "check", "-", "--json", stdin=json.dumps(RULES))
    assert {"api": "*", "route": "$connect", "scopes": "chat", "claims": "-"} in json.loads(piped.stdout)["rules"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not JSON"),
        ('{"apis": {"*": {"routes": {"get /x": []}}}}', 'apis."*".routes."get /x"'),
        ('{"apis": {"*": {"routes": {"$other": []}}}}', "$connect"),
    ],
)
def test_a_wrong_document_is_an_error_that_says_where(text: str, what: str) -> None:
    """Exit code 1, the document's name, the place, and what is expected."""
    Path("rules.json").write_text(text)
    for command in (("check", "rules.json"), ("explain", "GET", "/x", "--file", "rules.json")):
        refused = run("rules", *command)
        assert refused.exit_code == 1
        assert str(refused.exception).startswith("rules.json: ")
        assert what in str(refused.exception)


def test_a_document_that_is_not_there_is_an_error() -> None:
    """An unreadable file, and one with other bytes than UTF-8, is named once."""
    assert str(run("rules", "check", "nowhere.json").exception).startswith("nowhere.json: No such file or directory: ")
    Path("picture").write_bytes(b"\xff\xd8")
    assert str(run("rules", "check", "picture").exception).startswith("picture is not UTF-8 text: ")
    piped = run("rules", "check", "-", stdin=b"\xff\xd8")
    assert (piped.exit_code, "standard input is not UTF-8 text" in piped.stderr) == (2, True)


@pytest.mark.parametrize(("size", "note"), [(1024, ""), (1025, "AccessRules holds 1024"), (4097, "advanced tier")])
def test_a_long_document_is_told_where_it_fits(size: int, note: str) -> None:
    """A document in order may still be too long for a place."""
    text = json.dumps({"apis": {"*": {"routes": {"GET /" + "x" * (size - 42): []}}}})
    assert len(text) == size
    checked = run("rules", "check", "-", stdin=text)
    assert checked.exit_code == 0
    assert note in checked.stderr
    assert bool(checked.stderr) == bool(note)


def test_the_deployed_document_is_the_one_that_the_authorizer_has() -> None:
    """Without a file: that of its environment."""
    deploy_authorizer(ACCESS_RULES=json.dumps(RULES))
    assert "AccessRules of the stack: no mistake; every other route is closed" in run("rules", "check").stdout


def test_a_parameter_goes_before_the_environment() -> None:
    """The parameter's value is read as it is now, by `check` and `explain`."""
    deploy_authorizer(ACCESS_RULES="{}", ACCESS_RULES_PARAMETER="/keyturn/rules")
    ssm = boto3.client("ssm", region_name="us-east-1")
    ssm.put_parameter(Name="/keyturn/rules", Type="String", Value=json.dumps(RULES))
    assert "the parameter /keyturn/rules: no mistake" in run("rules", "check").stdout
    assert run("rules", "explain", "GET", "/me").exit_code == 0


def test_a_parameter_that_the_authorizer_cannot_read_is_an_error() -> None:
    """R57: the function reads the type String alone; a secret's document would be a 500 in each new sandbox."""
    deploy_authorizer(ACCESS_RULES_PARAMETER="/keyturn/rules")
    ssm = boto3.client("ssm", region_name="us-east-1")
    ssm.put_parameter(Name="/keyturn/rules", Type="SecureString", Value=json.dumps(RULES))
    checked = run("rules", "check")
    assert checked.exit_code == 1
    assert "the parameter /keyturn/rules has the type SecureString" in str(checked.exception)


@pytest.mark.parametrize("variable", ["LEEWAY_SECONDS", "AUDIENCES", "REVOCATION_MODE"])
def test_a_stack_of_another_release_is_an_error(variable: str) -> None:
    """R57: a variable that the deployed function lacks is named, with what to do."""
    deploy_authorizer(**{variable: None})
    for command in (("rules", "check"), ("rules", "explain", "GET", "/me"), ("token", "explain", "x")):
        failed = run(*command)
        assert failed.exit_code == 1
        assert f"{variable} is not set: use the `keyturn` of the deployed release" in str(failed.exception)


def test_an_environment_that_lambda_does_not_show_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: an environment that KMS hides from the operator is an error, and defaults decide nothing."""
    deploy_authorizer()
    monkeypatch.setattr(
        "botocore.client.BaseClient._make_api_call",
        lambda *_: {"Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}}},
    )
    failed = run("rules", "check")
    assert failed.exit_code == 1
    assert "does not show the environment of the authorizer function: no kms:Decrypt: " in str(failed.exception)
