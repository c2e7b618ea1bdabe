"""The operator's command against a deployed stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationReader
from keyturn.domain.client import Client, secret_matches
from keyturn.domain.key_ring import KeyRing, KeyState, RingKey
from keyturn.domain.revocation import Revocation, Target, TargetKind
from keyturn_cli import app as command_line
from keyturn_cli.deployment import find_deployment
from tests.fakes.token_factory import SigningKey, make_token, signing_key

TABLES = {"key-ring": ("pk",), "clients": ("pk",), "revocations": ("pk", "sk")}
STACK = {
    "outputs": {
        "IssuerUrl": "https://issuer.example",
        "KeyRingTableName": "key-ring",
        "ClientTableName": "clients",
        "RevocationTableName": "revocations",
        "KeyRotatorFunctionName": "rotator",
        "AuthorizerArn": "arn:aws:lambda:us-east-1:123456789012:function:authorizer",
    },
    "emulator": {
        "endpoint_url": "https://dynamodb.us-east-1.amazonaws.com",
        "region": "us-east-1",
        "access_key_id": "testing",
        "secret_access_key": "testing",
    },
}
ADD = ("clients", "add", "--name", "Reports", "--audience", "https://api.example", "--scope", "a b")


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up the tables of a stack, described as the embedded one describes itself, in a folder above this one."""
    folder = tmp_path / "project" / "src"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    description = tmp_path / "project" / ".local" / "stack.json"
    description.parent.mkdir()
    description.write_text(json.dumps(STACK))
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        for name, keys in TABLES.items():
            dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[{"AttributeName": key, "KeyType": "HASH" if key == "pk" else "RANGE"} for key in keys],
            )
        yield


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command_line.app, list(arguments), input=stdin)


def registered() -> tuple[Client, ...]:
    return find_deployment(None, Path.cwd()).clients().list()


def revocations(*targets: Target) -> tuple[Revocation, ...]:
    deployment = find_deployment(None, Path.cwd())
    return DynamoDbRevocationReader(deployment.dynamodb, deployment.revocation_table).find(targets)


def test_a_client_is_registered_and_its_secret_is_shown_once() -> None:
    """`clients add` prints an id and a secret that authenticate; the table has the hash alone (R23)."""
    answer = json.loads(run(*ADD, "--json").stdout)
    [client] = registered()
    assert client.client_id == answer["client_id"]
    assert secret_matches(client, answer["client_secret"])
    assert client.scopes == {"a", "b"}
    assert answer["client_secret"] not in run("clients", "list", "--json").stdout


def test_clients_are_listed_as_a_table_and_as_json() -> None:
    """`clients list` shows who may ask for what."""
    run(*ADD)
    [client] = registered()
    shown = run("clients", "list").stdout
    assert "CLIENT_ID" in shown
    assert f"{client.client_id}  Reports  a b     https://api.example" in shown
    [listed] = json.loads(run("clients", "list", "--json").stdout)
    assert listed["scopes"] == ["a", "b"]


@pytest.mark.parametrize("wrong", [("--scope", "a  b"), ("--audience", "two words"), ("--name", "")])
def test_a_wrong_registration_says_why_and_stores_nothing(wrong: tuple[str, str]) -> None:
    """A registration that could not work is refused before anything is written."""
    assert isinstance(run(*ADD, *wrong).exception, ValueError)
    assert registered() == ()


def put_ring(key: SigningKey) -> None:
    """Store a ring with one active key."""
    deployment = find_deployment(None, Path.cwd())
    DynamoDbKeyRingStore(deployment.dynamodb, deployment.key_ring_table, deployment.revocation_table).create(
        KeyRing(
            name="default",
            version=1,
            keys=[
                RingKey(
                    kid=key.kid,
                    arn="arn:aws:kms:eu-west-1:111122223333:key/1",
                    algorithm="RS256",
                    jwk=key.jwk,
                    state=KeyState.ACTIVE,
                    created_at=0,
                    published_at=60,
                    activated_at=3600,
                )
            ],
            longest_lifetime=3600,
        )
    )


def test_keys_are_listed_with_their_states() -> None:
    """`keys list` shows each key's state (NIST SP 800-57) and since when."""
    key = signing_key("RS256")
    put_ring(key)
    shown = run("keys", "list").stdout
    assert f"{key.kid}  RS256      ACTIVE  1970-01-01 01:00:00Z  1970-01-01 00:01:00Z" in shown
    answer = json.loads(run("keys", "list", "--json").stdout)
    assert [each["state"] for each in answer["rings"][0]["keys"]] == ["ACTIVE"]


def test_a_token_is_revoked_by_its_jti_from_standard_input() -> None:
    """`revoke --token -` takes the jti out of the token, which never is an argument that others see (R50)."""
    assert run("revoke", "--token", "-", stdin=make_token(claims={"jti": "id-1"})).exit_code == 0
    [revocation] = revocations(Target(TargetKind.TOKEN, "id-1"))
    assert revocation.not_before is None


@pytest.mark.parametrize(("option", "kind"), [("--client", TargetKind.CLIENT), ("--subject", TargetKind.SUBJECT)])
def test_all_tokens_of_a_client_or_a_subject_are_cut_at_this_second(option: str, kind: TargetKind) -> None:
    """`revoke --client` and `--subject` cut at the late end of the present, so that no token in hand survives (R49)."""
    answer = json.loads(run("revoke", option, "c_1", "--json").stdout)
    [revocation] = revocations(Target(kind, "c_1"))
    assert revocation.not_before == answer["not_before"]
    assert revocation.expires_at > answer["not_before"] + 3600


@pytest.mark.parametrize("what", [(), ("--jti", "a", "--client", "b"), ("--token", "nonsense")])
def test_revoke_asks_for_exactly_one_target(what: tuple[str, ...]) -> None:
    """Nothing, two things, or no token at all: a usage error, and nothing is written."""
    assert run("revoke", *what).exit_code == 2


def test_a_token_is_decoded_and_said_not_to_be_verified() -> None:
    """`token decode` needs no stack, shows times as times, and promises nothing."""
    shown = run("token", "decode", make_token(claims={"client_id": "c_1"})).stdout
    assert "c_1" in shown
    assert "2026-" in shown
    assert shown.rstrip().endswith("not verified")


def test_what_is_no_token_is_a_usage_error() -> None:
    """`token decode` of anything else says so."""
    result = run("token", "decode", "nonsense")
    assert result.exit_code == 2
    assert "no signed token" in result.stderr


def test_without_a_stack_the_command_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No embedded stack and none named: one line on standard error and exit code 1."""
    monkeypatch.chdir(tmp_path)
    assert "start one with `make run`" in said_before_it_stopped(monkeypatch, "keys", "list")


def test_a_fault_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without a ring: one line on standard error that names the ring, and exit code 1."""
    assert said_before_it_stopped(monkeypatch, "keys", "list") == "keyturn: ring default has no item"


def said_before_it_stopped(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr("sys.argv", ["keyturn", *arguments])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    message = str(stopped.value)
    assert "\n" not in message
    return message


def explained(raw: str, *options: str) -> tuple[int, dict[str, str]]:
    """Return the exit code of `token explain`, and what it said."""
    result = run("token", "explain", "-", "--json", *options, stdin=raw)
    answer: dict[str, str] = json.loads(result.stdout)
    return result.exit_code, answer


def test_a_token_is_explained() -> None:
    """`token explain` says valid, which rule refuses, or which revocation hits, and its exit code says it too (R14)."""
    put_ring(signing_key("RS256"))
    now = int(find_deployment(None, Path.cwd()).clock().now().earliest)
    claims = {"iss": STACK["outputs"]["IssuerUrl"], "iat": now - 20, "exp": now + 60}
    good = make_token(key=signing_key("RS256"), claims=claims)
    assert explained(good)[0] == 0
    assert explained(good, "--audience", "https://api.example")[1]["verdict"] == "valid"
    code, foreign = explained(good, "--audience", "https://other.example")
    assert (code, foreign["reason"], foreign["expected"]) == (1, "invalid_audience", "https://other.example")
    old = make_token(key=signing_key("RS256"), claims=claims | {"exp": now - 11})
    assert explained(old)[1]["reason"] == "token_expired"
    assert explained(old, "--leeway", "60")[1]["verdict"] == "valid"
    run("revoke", "--token", "-", stdin=good)
    code, revoked = explained(good)
    assert (code, revoked["verdict"]) == (1, "revoked")
    assert revoked["found"].startswith("jti#")
    shown = run("token", "explain", "nonsense")
    assert shown.exit_code == 1
    assert "verdict    refused\nreason     invalid_token\nrule       R01, R02, R10\n" in shown.stdout
