"""No text of AWS, of the rotator, of a document or of the environment reaches the terminal as it is."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from itertools import count, product
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import new_subject
from keyturn.domain.users.user import User
from keyturn_cli import app as command_line
from keyturn_cli import gateway, keys, rules
from keyturn_cli.protected_apis import ProtectedApis
from tests.fakes.command_stack import ENVIRONMENT, STACK, command_stack, deployment, put_ring
from tests.fakes.gateway_apis import ARN, NONE, OURS, Apis, rest_api
from tests.fakes.token_factory import make_token, signing_key

FORGED = "revoked everything"
HOSTILE = f"\x1b[2J\x9b1m\u202e\u2028\u200b\x7f\x00\r\n{FORGED}"
KID = signing_key("RS256").kid
STEP = {"ring": HOSTILE, "action": HOSTILE, "subject": HOSTILE, "at": 3600, "message": HOSTILE, "error": HOSTILE}
REPORT = {"applied": [STEP], "due": [STEP], "planned": [STEP], "failed": [STEP], "notes": [HOSTILE]}
SESSION = {"session_id": HOSTILE, "device": HOSTILE} | dict.fromkeys(("auth_time", "last_used_at", "ends_at"), 3600)
ACTIONS = {"link": HOSTILE, "expires_at": 3600, "sessions": [SESSION], "ended": HOSTILE}
SUBJECT = new_subject(bytes(16))
DOCUMENT = {"apis": {"*": {"routes": {"GET /a": {"scopes": ["a"], "claims": {"department": [HOSTILE]}}}}}}
ON_AWS = ("--stack", "keyturn", "--region", "us-east-1")
COMMANDS = [
    ("clients", "list"),
    ("clients", "show", "c_1"),
    ("clients", "add", "--name", "a", "--audience", "https://api.example", "--scope", "b"),
    ("clients", "update", "c_1", "--name", "Other"),
    ("clients", "remove", "c_1", "--yes"),
    ("clients", "remove", "c_1"),
    ("clients", "secret", "add", "c_1"),
    ("clients", "secret", "retire", "c_1"),
    ("resources", "list"),
    ("resources", "show", "https://api.example"),
    ("resources", "update", "https://api.example", "--name", "Other"),
    ("resources", "update", "https://api.example", "--scope", "c"),
    ("resources", "remove", "https://api.example"),
    ("keys", "list"),
    ("keys", "plan"),
    ("keys", "rotate"),
    ("keys", "compromise", "--reason", "a drill", "--", "KID"),
    ("gateway", "flush"),
    ("rules", "check"),
    ("rules", "check", f"{HOSTILE[:-1]}.json"),
    ("rules", "check", "rules.json"),
    ("rules", "explain", "GET", "/a", "--token", "TOKEN"),
    ("rules", "explain", "GET", "/a", "--api", "a", "--token", "TOKEN"),
    ("rules", "explain", "GET", "/b", "--api", "a"),
    ("rules", "explain", "GET", f"/{HOSTILE}", "--api", HOSTILE),
    ("users", "list"),
    ("users", "show", SUBJECT),
    ("users", "show", f"{HOSTILE}@example.com"),
    ("users", "add", "bob@example.com", "--link"),
    ("users", "link", SUBJECT),
    ("users", "claims", SUBJECT),
    ("users", "claims", SUBJECT, "--set", "tenant=acme"),
    ("users", "disable", SUBJECT),
    ("users", "enable", SUBJECT),
    ("users", "unlock", SUBJECT),
    ("users", "sessions", SUBJECT),
    ("users", "sessions", SUBJECT, "--end", HOSTILE),
    ("users", "sessions", SUBJECT, "--end-all"),
    ("users", "remove", SUBJECT),
    ("token", "decode", "TOKEN", "--verify"),
    ("token", "explain", "TOKEN"),
    ("revoke", "--client", "c_1"),
    ("revoke", "--subject", f"{HOSTILE}"),
    ("revoke", "--token", "TOKEN"),
    ("revoke", "--jti", "a", "--dry-run"),
    ("clients", "list", *ON_AWS),
    ("clients", "remove", "c_1", "--yes", *ON_AWS),
    ("clients", "list", "--stack", HOSTILE, "--region", "us-east-1"),
    ("clients", "list", "--stack", "a", "--region", HOSTILE),
    ("clients", "list", "--stack", "a", "--profile", HOSTILE),
    ("uninstall", "keyturn", "--region", "us-east-1"),
    ("uninstall", HOSTILE, "--region", "us-east-1", "--delete-keys"),
]


class Poison:
    """Puts hostile text into each text of AWS's answers, or into every third one: a broken answer hides the others."""

    def __init__(self) -> None:
        self.third: int | None = None
        self.is_on = False
        self._number = count()

    def poisoned(self, value: Any) -> Any:
        """Return an answer with the text in its fields."""
        if isinstance(value, dict):
            return {name: self.poisoned(each) for name, each in value.items() if name != "ResponseMetadata"}
        if isinstance(value, list):
            return [self.poisoned(each) for each in value]
        number = next(self._number)
        is_hit = self.third is None or number % 3 == self.third
        return value + HOSTILE if isinstance(value, str) and is_hit else value

    def report(self, function: str) -> dict[str, Any]:
        """Return what a function answers: an error with the text, or what it reports."""
        if self.is_on and self.third == 0:
            return {"error": HOSTILE, "message": HOSTILE}
        return ACTIONS if function == "login" else REPORT


@pytest.fixture(autouse=True)
def poison(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Poison]:
    """Bring up a stack in a folder of a hostile name, whose answers can be poisoned."""
    hostile = Poison()
    call: Callable[..., Any] = vars(BaseClient)["_make_api_call"]

    def answer(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "Invoke":
            return {"Payload": io.BytesIO(json.dumps(hostile.report(arguments["FunctionName"])).encode())}
        if operation == "DescribeStacks":
            if arguments["StackName"] != "keyturn":
                raise ClientError({"Error": {"Code": HOSTILE, "Message": f"{HOSTILE} does not exist"}}, operation)
            outputs = [{"OutputKey": name, "OutputValue": value} for name, value in STACK["outputs"].items()]
            return {"Stacks": [{"StackStatus": HOSTILE, "Outputs": outputs}]}
        if operation == "GetFunctionConfiguration":
            return {"Environment": {"Variables": ENVIRONMENT | {"ACCESS_RULES": json.dumps(DOCUMENT)}}}
        if operation == "ListLayerVersions":
            return {"LayerVersions": [{"LayerVersionArn": HOSTILE}]}
        found = call(client, operation, arguments)
        return hostile.poisoned(found) if hostile.is_on else found

    folder = tmp_path / f"\x1b\x9b\n{FORGED}\udcff"
    with command_stack(folder):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(BaseClient, "_make_api_call", answer)
        monkeypatch.setattr("sys.excepthook", lambda *_: None)
        kept = {"name": HOSTILE, "authorizerResultTtlInSeconds": None}
        apis = Apis(
            rest_api(HOSTILE, {f"GET /{HOSTILE}": OURS, f"POST /{HOSTILE}": NONE}, **kept),
            rest_api("a", {"GET /a": OURS, f"{HOSTILE} /{HOSTILE}": OURS}, **kept),
            denied=frozenset({"flush a"}),
        )
        for module in (gateway, keys, rules):
            monkeypatch.setattr(module, "gateways_of", lambda _: ProtectedApis(apis, Apis(), ARN))
        register()
        Path("rules.json").write_text(json.dumps(DOCUMENT))
        yield hostile


def register() -> None:
    put_ring(signing_key("RS256"))
    boto3.client("kms", region_name="us-east-1").create_key(
        KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256", Tags=[{"TagKey": "keyturn:stack", "TagValue": "keyturn"}]
    )
    deployed = deployment()
    deployed.clients().add(
        Client(
            client_id="c_1",
            secret_hashes=("0" * 64,) * 2,
            name="Reports",
            scopes=frozenset("a"),
            audiences=("https://api.example",),
            grant_types=frozenset({"client_credentials"}),
            claims={"x-text": HOSTILE, "x-list": [HOSTILE, HOSTILE]},
            created_at=0,
        )
    )
    server = ResourceServer(
        audience="https://api.example", name="API", scopes=frozenset("z"), claims=frozenset({"b"}), created_at=0
    )
    deployed.resource_servers().add(server)
    claims = {"x-text": HOSTILE, "x-list": [HOSTILE, HOSTILE]}
    deployed.authorities().create(Authority(subject=SUBJECT, status=Status.ACTIVE, claims=claims))
    user = User(subject=SUBJECT, email="ada@example.com", name="Ada", claims={"nickname": HOSTILE})
    deployed.users().create(user, email="ada@example.com")


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Return what the command printed, with the line that the interpreter prints for its exit."""
    token = make_token(key=signing_key("RS256"), claims={HOSTILE: HOSTILE, "client_id": HOSTILE, "sub": HOSTILE})
    known = {"KID": KID, "TOKEN": token}
    monkeypatch.setattr("sys.argv", ["keyturn", *(known.get(each, each) for each in arguments)])
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    out, err = capsys.readouterr()
    return out, err + (f"{stopped.value.code}\n" if isinstance(stopped.value.code, str) else "")


def shows(character: str) -> bool:
    return character in " \n" or unicodedata.category(character)[0] not in "CZ"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:3]).replace(HOSTILE, "hostile"))
def test_nothing_that_a_terminal_obeys_is_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    poison: Poison,
    command: tuple[str, ...],
) -> None:
    """Every command prints characters that show, and no line that begins with foreign text; its JSON is ASCII."""
    poison.is_on = True
    at = command.index("--") if "--" in command else len(command)
    for poison.third, as_json in [*product((None, 0, 1, 2), [()]), (1, ("--json",))]:
        out, err = printed(monkeypatch, capsys, *command[:at], *as_json, *command[at:])
        assert all(map(shows, out + err)), ascii(out + err)
        assert not any(line.startswith(FORGED) for line in (out + err).splitlines())
        if as_json and out.strip():
            assert out.isascii()
            json.loads(out)


@pytest.mark.parametrize(
    "command",
    [
        ("clients", "show", "c_1"),
        ("clients", "update", "c_1", "--name", "Other"),
        ("keys", "list"),
        ("keys", "plan"),
        ("keys", "rotate"),
        ("users", "show", SUBJECT),
        ("users", "claims", SUBJECT),
        ("users", "sessions", SUBJECT),
        ("gateway", "flush"),
        ("rules", "check"),
        ("rules", "check", "rules.json"),
        ("token", "decode", "TOKEN"),
        ("uninstall", "keyturn", "--region", "us-east-1"),
    ],
    ids=" ".join,
)
def test_foreign_text_is_shown_and_not_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """The operator sees what is stored: each control character as an escape."""
    out, err = printed(monkeypatch, capsys, *command)
    assert "\\x1b[2J" in out + err or "\\u001b[2J" in out + err
