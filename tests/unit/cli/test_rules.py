"""What the operator learns of the access rules before and after they are deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from keyturn.domain.revocation import Revocation, Target, TargetKind
from keyturn_cli import rules
from keyturn_cli.gateway import Gateways
from tests.fakes.command_stack import command_stack, deployment, put_ring, run
from tests.fakes.gateway_apis import ARN, Apis, uri
from tests.fakes.token_factory import make_token, signing_key

RULES = {
    "apis": {
        "*": {"routes": {"GET /reports/{id}": ["reports:read"], "ANY /me": [], "$connect": ["chat"]}},
        "a1b2c3d4e5": {"routes": {"GET /reports/{id}": ["other:read"]}},
    }
}


@pytest.fixture
def rest_apis() -> Apis:
    """Return the account's REST APIs."""
    return Apis()


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rest_apis: Apis) -> Iterator[None]:
    """Bring up a stack in this folder, and a document beside it."""
    monkeypatch.chdir(tmp_path)
    Path("rules.json").write_text(json.dumps(RULES))
    monkeypatch.setattr(rules, "gateways_of", lambda _: Gateways(rest_apis, Apis(), ARN))
    with command_stack(tmp_path):
        yield


def deploy(**environment: str) -> None:
    """Deploy an authorizer with this environment."""
    role = boto3.client("iam").create_role(RoleName="authorizer", AssumeRolePolicyDocument='{"Statement": []}')
    boto3.client("lambda", region_name="us-east-1").create_function(
        FunctionName="authorizer",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
        Environment={"Variables": environment},
    )


def test_a_document_in_order_is_shown() -> None:
    """`rules check FILE` prints every rule, and says that the rest is closed."""
    shown = run("rules", "check", "rules.json")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1].split() == ["*", "GET", "/reports/{id}", "reports:read", "-"]
    assert "ANY /me" in shown.stdout
    assert shown.stdout.endswith("rules.json: in order; every other route is closed\n")
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
    """A file that cannot be read is named, once, and so is one that is no text."""
    assert str(run("rules", "check", "nowhere.json").exception) == "nowhere.json: No such file or directory"
    Path("picture").write_bytes(b"\xff\xd8")
    assert str(run("rules", "check", "picture").exception) == "picture: this is no UTF-8 text"
    piped = run("rules", "check", "-", stdin=b"\xff\xd8")
    assert (piped.exit_code, "standard input is no UTF-8 text" in piped.stderr) == (2, True)


@pytest.mark.parametrize(("size", "note"), [(2000, ""), (2049, "AccessRules takes 2048"), (4097, "advanced tier")])
def test_a_long_document_is_told_where_it_fits(size: int, note: str) -> None:
    """What is in order may still be too long for a place."""
    text = json.dumps({"apis": {"*": {"routes": {"GET /" + "x" * (size - 42): []}}}})
    assert len(text) == size
    checked = run("rules", "check", "-", stdin=text)
    assert checked.exit_code == 0
    assert note in checked.stderr
    assert bool(checked.stderr) == bool(note)


def test_the_deployed_document_is_the_one_that_the_authorizer_has() -> None:
    """Without a file: that of its environment, or of the parameter that is named there."""
    deploy(ACCESS_RULES=json.dumps(RULES), ACCESS_RULES_PARAMETER="")
    assert "AccessRules of the stack: in order" in run("rules", "check").stdout


def test_a_deployed_api_that_keeps_answers_by_the_token_is_wrong(rest_apis: Apis) -> None:
    """R55: the document may be in order, and an API's TTL wrong for it: exit code 1, and what to do."""
    deploy(ACCESS_RULES=json.dumps(RULES), ACCESS_RULES_PARAMETER="")
    rest_apis.apis["a1b2c3d4e5"] = {"authorizerUri": uri(ARN), "authorizerResultTtlInSeconds": 60}
    checked = run("rules", "check")
    assert checked.exit_code == 1
    assert "wrong: REST API orders (a1b2c3d4e5) keeps answers for 60 s" in checked.stderr
    assert json.loads(run("rules", "check", "--json").stdout)["wrong"]
    assert run("rules", "check", "rules.json").exit_code == 0


def test_a_parameter_goes_before_the_environment() -> None:
    """Its value is read as it is now."""
    deploy(ACCESS_RULES="{}", ACCESS_RULES_PARAMETER="/keyturn/rules")
    boto3.client("ssm", region_name="us-east-1").put_parameter(
        Name="/keyturn/rules", Type="String", Value=json.dumps(RULES)
    )
    assert "the parameter /keyturn/rules: in order" in run("rules", "check").stdout
    assert run("rules", "explain", "GET", "/me").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "rule", "needs"),
    [
        (("GET", "/reports/{id}"), "GET /reports/{id} of *", "reports:read"),
        (("GET", "/reports/7"), "GET /reports/{id} of *", "reports:read"),
        (("DELETE", "/me"), "ANY /me of *", "none: any token that holds"),
        (("GET", "$connect"), "$connect of *", "chat"),
        (("GET", "/reports/{id}", "--api", "a1b2c3d4e5"), "GET /reports/{id} of a1b2c3d4e5", "other:read"),
        (("POST", "/reports/{id}"), "none: the route is closed", None),
        (("GET", "/reports/7/8"), "none: the route is closed", None),
        (("GET", "$default"), "none: the route is closed", None),
    ],
)
def test_a_route_is_explained_by_its_rule(arguments: tuple[str, ...], rule: str, needs: str | None) -> None:
    """Which rule decides, by the route's name or by a path, and what it needs; exit code 1 where it is closed."""
    explained = run("rules", "explain", *arguments, "--file", "rules.json", "--json")
    told = json.loads(explained.stdout)
    assert (told["rule"], told.get("needs")) == (rule, needs)
    assert (told["verdict"], explained.exit_code) == (("open", 0) if needs else ("closed", 1))


@pytest.mark.parametrize(
    ("scope", "lacks", "verdict"), [("reports:read other", None, "open"), ("other", "reports:read", "closed")]
)
def test_a_token_is_held_against_the_rule(scope: str, lacks: str | None, verdict: str) -> None:
    """With a token: whether it holds, what it has, and what it lacks."""
    put_ring(signing_key())
    raw = make_token(claims={"scope": scope} | lifetime())
    explained = run(
        "rules", "explain", "GET", "/reports/7", "--file", "rules.json", "--token", "-", "--json", stdin=raw
    )
    told = json.loads(explained.stdout)
    assert (told["token"], told["has"].split(), told.get("lacks")) == ("valid", sorted(scope.split()), lacks)
    assert (told["verdict"], explained.exit_code) == (verdict, int(verdict == "closed"))


@pytest.mark.parametrize(("department", "verdict"), [("it", "open"), ("sales", "closed")])
def test_a_token_is_held_against_the_claims_of_the_rule(department: str, verdict: str) -> None:
    """What a rule needs of claims is shown, and a claim that the token lacks is named."""
    put_ring(signing_key())
    needs = {"scopes": [], "claims": {"department": ["it", "security"]}}
    Path("rules.json").write_text(json.dumps({"apis": {"*": {"routes": {"GET /staff": needs}}}}))
    assert 'department: "it" or "security"' in run("rules", "check", "rules.json").stdout
    raw = make_token(claims={"department": department} | lifetime())
    told = json.loads(run("rules", "explain", "GET", "/staff", "--file", "rules.json", "--token", raw, "--json").stdout)
    assert (told["verdict"], told.get("lacks")) == (verdict, None if verdict == "open" else "claim department")


def test_a_token_that_does_not_hold_opens_nothing() -> None:
    """Revoked or expired: closed, whatever its scopes."""
    put_ring(signing_key())
    raw = make_token(claims={"scope": "reports:read", "jti": "gone"} | lifetime())
    expired = make_token(claims={"scope": "reports:read"})
    deployment().revocations().revoke(
        Revocation(Target(TargetKind.TOKEN, "gone"), expires_at=lifetime()["exp"] + 60), reason="a test", actor="me"
    )
    for token, verdict in ((raw, "revoked"), (expired, "refused")):
        explained = run("rules", "explain", "GET", "/me", "--file", "rules.json", "--token", token)
        assert explained.exit_code == 1
        assert f"token      {verdict}" in explained.stdout


@pytest.mark.parametrize("arguments", [("get", "/me"), ("ANY", "/me"), ("GET", "/me", "--file", "-", "--token", "-")])
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...]) -> None:
    """A method that no request has, and one standard input for two things."""
    assert run("rules", "explain", *arguments).exit_code == 2


def lifetime() -> dict[str, int]:
    """Return the times of a token that lives now."""
    now = int(deployment().clock().now().earliest)
    return {"iat": now - 1, "exp": now + 300}
