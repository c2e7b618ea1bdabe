"""The command changes the named stack, after a line that names it, and only in a known account."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ProfileNotFound
from typer.testing import Result

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import KeyturnError
from keyturn_cli import app as command_line
from keyturn_cli.embedded_stack import NoDeployment
from tests.fakes.command_stack import ENDPOINT, STACK, TABLES, command_stack, deployment, put_ring, run
from tests.fakes.moto_dynamodb import create_table
from tests.fakes.token_factory import signing_key

ACCOUNT = "123456789012"
READS = ("Describe", "Get", "List", "BatchGet", "Query", "Scan")
NEW_CLIENT = ("--name", "Reports", "--audience", "https://api.example", "--scope", "a")
WRITES = [
    ("clients", "add", *NEW_CLIENT),
    ("clients", "update", "c_1", "--name", "Other"),
    ("clients", "remove", "c_1", "--yes"),
    ("clients", "secret", "add", "c_1"),
    ("clients", "secret", "retire", "c_2"),
    ("resources", "add", "https://other.example", "--name", "Other", "--scope", "a"),
    ("resources", "update", "https://api.example", "--name", "Other"),
    ("resources", "remove", "https://api.example", "--yes"),
    ("keys", "rotate"),
    ("keys", "compromise", "--reason", "a drill", "--yes", "--", "KID"),
    ("gateway", "flush"),
    ("revoke", "--client", "c_1", "--yes"),
    ("revoke", "--jti", "j" * 22),
    ("revoke", "--all-before", "now", "--yes"),
]
LOOKS = [
    ("clients", "list"),
    ("clients", "show", "c_1"),
    ("resources", "list"),
    ("keys", "list"),
    ("keys", "plan"),
    ("revoke", "--client", "c_1", "--dry-run"),
]


class Calls:
    """The calls that reach AWS, in order; `answers` has what moto cannot say, and the others are moto's."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str]] = []
        self.deployed: set[tuple[str, str]] = set()
        self.answers: dict[str, Any] = {
            "GetRestApis": {"items": []},
            "GetApis": {"Items": []},
            "ListLayerVersions": {"LayerVersions": []},
        }

    def answer(self, operation: str, region: str, arguments: dict[str, Any]) -> Any:
        """Return an answer, an exception, or None for an operation that moto has."""
        if operation == "Invoke":
            return {"Payload": io.BytesIO(json.dumps({"applied": [], "due": [], "planned": []}).encode())}
        if operation == "DescribeStacks":
            if (arguments["StackName"], region) not in self.deployed:
                return ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, operation)
            outputs = [{"OutputKey": name, "OutputValue": value} for name, value in STACK["outputs"].items()]
            return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}
        return self.answers.get(operation)

    def writes(self) -> list[str]:
        """Return the operations that change something."""
        return [operation for operation, _, _ in self.made if not operation.startswith(READS)]


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Record the calls to AWS; the rotator has nothing to do."""
    recorded = Calls()
    call = vars(BaseClient)["_make_api_call"]

    def record(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        recorded.made.append((operation, client.meta.region_name, client.meta.endpoint_url))
        answer = recorded.answer(operation, client.meta.region_name, arguments)
        if isinstance(answer, Exception):
            raise answer
        return call(client, operation, arguments) if answer is None else answer

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return recorded


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, calls: Calls) -> Iterator[Path]:
    """Bring up an embedded stack with a client of each kind, and work in its folder."""
    monkeypatch.chdir(tmp_path)
    with command_stack(tmp_path):
        put_ring(signing_key("RS256"))
        for number in (1, 2):
            client = Client(
                client_id=f"c_{number}",
                secret_hashes=("0" * 64,) * number,
                name="Reports",
                scopes=frozenset("a"),
                audiences=("https://api.example",),
                grant_types=frozenset({"client_credentials"}),
                created_at=0,
            )
            deployment().clients().add(client)
        server = ResourceServer(audience="https://api.example", name="API", scopes=frozenset("a"), created_at=0)
        deployment().resource_servers().add(server)
        calls.made.clear()
        yield tmp_path


def keyturn(*arguments: str) -> Result:
    """Run the command; KID stands for the key of the ring, which is another one in each run."""
    return run(*(signing_key("RS256").kid if argument == "KID" else argument for argument in arguments))


def deploy(calls: Calls, name: str, region: str) -> None:
    """Bring up a deployed stack with its tables."""
    calls.deployed.add((name, region))
    dynamodb = boto3.client("dynamodb", region_name=region)
    if not dynamodb.list_tables()["TableNames"]:
        for table, keys in TABLES.items():
            create_table(dynamodb, table, *keys)


def clients_in(region: str) -> int:
    count: int = boto3.client("dynamodb", region_name=region).scan(TableName="clients")["Count"]
    return count


@pytest.mark.parametrize("write", WRITES, ids=" ".join)
def test_a_write_names_its_stack_first(embedded: Path, calls: Calls, write: tuple[str, ...]) -> None:
    """Stack, account and Region stand on the first line of standard error, and standard output stays clean."""
    at = write.index("--") if "--" in write else len(write)
    result = keyturn(*write[:at], "--json", *write[at:])
    assert result.exit_code == 0, result.output
    named = f"stack: embedded in {embedded} at {ENDPOINT}, account {ACCOUNT}, Region us-east-1"
    assert result.stderr.splitlines()[0] == named
    json.loads(result.stdout)
    operations = [operation for operation, _, _ in calls.made]
    for operation in calls.writes():
        assert operations.index("GetCallerIdentity") < operations.index(operation)


@pytest.mark.parametrize("write", WRITES, ids=" ".join)
def test_nothing_is_written_to_an_account_that_is_unknown(embedded: Path, calls: Calls, write: tuple[str, ...]) -> None:
    """Without an account from STS the command changes nothing, even with --yes; the error names the next step."""
    denied = ClientError({"Error": {"Code": "ExpiredToken", "Message": "The token is expired"}}, "GetCallerIdentity")
    calls.answers["GetCallerIdentity"] = denied
    result = keyturn(*write)
    assert isinstance(result.exception, NoDeployment)
    assert str(result.exception).startswith("nothing was done, since the account of stack embedded in ")
    assert "The token is expired" in str(result.exception)
    assert "`aws sts get-caller-identity`" in str(result.exception)
    assert (calls.writes(), result.output) == ([], "")


@pytest.mark.parametrize("write", WRITES, ids=" ".join)
def test_nothing_is_written_with_credentials_of_another_account(
    embedded: Path, calls: Calls, write: tuple[str, ...]
) -> None:
    """The account of the credentials is the one of the stack's authorizer."""
    calls.answers["GetCallerIdentity"] = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:root"}
    result = keyturn(*write)
    assert isinstance(result.exception, NoDeployment)
    assert "the credentials are of account 999999999999" in str(result.exception)
    assert (calls.writes(), result.output) == ([], "")


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_a_read_needs_no_account(embedded: Path, calls: Calls, look: tuple[str, ...]) -> None:
    """A read-only command does not call STS, and an invocation of `plan` is read-only."""
    result = run(*look, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "GetCallerIdentity" not in [operation for operation, _, _ in calls.made]
    assert set(calls.writes()) <= {"Invoke"}


def test_the_stack_is_taken_from_the_option_then_the_environment_then_the_folder(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    """--stack comes before KEYTURN_STACK, and that before the embedded stack of the folder."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    deploy(calls, "by-variable", "eu-west-1")
    deploy(calls, "by-option", "eu-west-1")
    expected = [
        ((), None, "stack: embedded in "),
        ((), "", "stack: embedded in "),
        ((), "by-variable", f"stack: by-variable, account {ACCOUNT}, Region eu-west-1\n"),
        (("--stack", "by-option"), "by-variable", f"stack: by-option, account {ACCOUNT}, Region eu-west-1\n"),
        (("--stack", "by-option"), None, f"stack: by-option, account {ACCOUNT}, Region eu-west-1\n"),
    ]
    for options, variable, named in expected:
        if variable is not None:
            monkeypatch.setenv("KEYTURN_STACK", variable)
        else:
            monkeypatch.delenv("KEYTURN_STACK", raising=False)
        assert run("clients", "add", *NEW_CLIENT, *options).stderr.startswith(named)
    assert clients_in("eu-west-1") == 3


def test_a_region_selects_among_stacks_of_one_name(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    """--region comes before the Region of the environment, and what is written is written there."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    deploy(calls, "keyturn", "eu-west-1")
    deploy(calls, "keyturn", "eu-central-1")
    result = run("clients", "add", *NEW_CLIENT, "--stack", "keyturn", "--region", "eu-central-1")
    assert result.stderr.startswith(f"stack: keyturn, account {ACCOUNT}, Region eu-central-1\n")
    assert (clients_in("eu-west-1"), clients_in("eu-central-1")) == (0, 1)


def test_a_profile_selects_region_and_credentials(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    """--profile is a profile of the AWS configuration; a missing one is an error, and nothing changes."""
    (embedded / "config").write_text(
        "[profile other]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(embedded / "config"))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    deploy(calls, "keyturn", "eu-west-1")
    calls.made.clear()
    result = run("clients", "add", *NEW_CLIENT, "--stack", "keyturn", "--profile", "other")
    assert result.stderr.startswith(f"stack: keyturn, account {ACCOUNT}, Region eu-west-1\n")
    calls.made.clear()
    result = run("clients", "add", *NEW_CLIENT, "--stack", "keyturn", "--profile", "missing")
    assert isinstance(result.exception, ProfileNotFound)
    assert calls.made == []


@pytest.mark.parametrize("option", ["--profile", "--region"])
@pytest.mark.parametrize("command", [WRITES[0], LOOKS[0], ("token", "explain", "a.b.c"), ("rules", "check")])
def test_a_profile_or_a_region_is_for_a_deployed_stack(
    embedded: Path, calls: Calls, option: str, command: tuple[str, ...]
) -> None:
    """The option is an error for the embedded stack, where it would have no effect."""
    result = run(*command, option, "some")
    assert isinstance(result.exception, NoDeployment)
    assert str(result.exception) == (
        "--profile and --region are for a deployed stack: name it with --stack or KEYTURN_STACK"
    )
    assert calls.made == []


def test_a_stack_without_a_name_or_a_region(embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    """An empty --stack is no request for the embedded stack, and a missing Region is said with what to type."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert "the name of the stack is empty" in str(run("clients", "list", "--stack", "").exception)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for arguments in (("clients", "list", "--stack", "keyturn"), ("uninstall", "keyturn")):
        assert "no AWS Region is set: give --region" in str(run(*arguments).exception)
    assert calls.made == []


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("AWS_ENDPOINT_URL", f", cloudformation and dynamodb and lambda and sts at {ENDPOINT}"),
        ("AWS_ENDPOINT_URL_DYNAMODB", f", dynamodb at {ENDPOINT}"),
    ],
)
def test_an_endpoint_of_the_environment_is_named(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls, variable: str, named: str
) -> None:
    """A name such as `production` says little where AWS_ENDPOINT_URL leads to another place."""
    deploy(calls, "keyturn", "us-east-1")
    monkeypatch.setenv(variable, ENDPOINT)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    first, *_ = run("clients", "add", *NEW_CLIENT, "--stack", "keyturn").stderr.splitlines()
    assert first == f"stack: keyturn, account {ACCOUNT}, Region us-east-1{named}"
    first, *_ = run("uninstall", "keyturn").stderr.splitlines()
    assert first.endswith(named.replace("dynamodb and lambda", "dynamodb and kms and lambda"))


def test_an_answer_is_for_the_stack_that_was_asked_about(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    """Another stack that takes the folder or the variable while the question stands is not touched."""
    deploy(calls, "keyturn", "eu-west-1")
    calls.made.clear()

    def move_then_agree(_question: str) -> None:
        (embedded / ".local" / "stack.json").write_text("{}")
        monkeypatch.setenv("KEYTURN_STACK", "keyturn")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    monkeypatch.setattr("keyturn_cli.revoke.confirm", move_then_agree)
    assert run("revoke", "--client", "c_1").exit_code == 0
    assert {(region, url) for _, region, url in calls.made} == {("us-east-1", ENDPOINT)}
    assert "TransactWriteItems" in calls.writes()


def test_uninstall_names_the_account_before_it_looks(
    embedded: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    """The account is printed, since an empty list is ambiguous; KEYTURN_STACK never replaces the argument."""
    monkeypatch.setenv("KEYTURN_STACK", "another")
    result = run("uninstall", "keyturn", "--region", "eu-west-1", "--json")
    assert result.stderr == f"stack: keyturn, account {ACCOUNT}, Region eu-west-1\n"
    assert json.loads(result.stdout)["stack"] == "keyturn"
    assert calls.made[0][:2] == ("GetCallerIdentity", "eu-west-1")
    calls.answers["GetCallerIdentity"] = ClientError({"Error": {"Code": "Denied", "Message": "no"}}, "a")
    refused = run("uninstall", "keyturn", "--region", "eu-west-1", "--delete-keys", "--confirm", "keyturn")
    assert isinstance(refused.exception, KeyturnError)
    assert calls.writes() == []


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), [option for each in command.params for option in each.opts]


def test_each_command_of_a_stack_takes_the_same_options() -> None:
    """--stack, --profile and --region come together; `uninstall` names its stack by an argument."""
    found = dict(commands(typer.main.get_command(command_line.app)))
    assert len(found) > 20
    for name, options in found.items():
        assert {"--profile", "--region"} <= set(options), name
        assert ("--stack" in options) == (name != ("uninstall",)), name
