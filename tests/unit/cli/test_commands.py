"""The operator's command against a stack."""

from __future__ import annotations

import errno
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from botocore.client import BaseClient

from keyturn.domain.clients.client import Client, secret_matches
from keyturn_cli import app as command_line
from tests.fakes.command_stack import command_stack, deployment, put_ring, run
from tests.fakes.token_factory import make_token, signing_key

ADD = ("clients", "add", "--name", "Reports", "--audience", "https://api.example", "--scope", "a b")


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack in a folder above this one."""
    folder = tmp_path / "project" / "src"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with command_stack(tmp_path / "project"):
        yield


def registered() -> tuple[Client, ...]:
    return deployment().clients().list()


def test_a_client_is_registered_and_its_secret_is_shown_once() -> None:
    """`clients add` prints an id and a secret that authenticate; the table has the hash alone (R23)."""
    answer = json.loads(run(*ADD, "--json").stdout)
    [client] = registered()
    assert client.client_id == answer["client_id"]
    assert secret_matches(client, answer["client_secret"])
    assert client.scopes == {"a", "b"}
    assert answer["client_secret"] not in run("clients", "list", "--json").stdout


def test_clients_are_listed_as_a_table_and_as_json() -> None:
    """`clients list` shows each client with its scopes and audiences."""
    run(*ADD)
    [client] = registered()
    shown = run("clients", "list").stdout
    assert "CLIENT_ID" in shown
    assert f"{client.client_id}  Reports  a b     https://api.example" in shown
    [listed] = json.loads(run("clients", "list", "--json").stdout)
    assert listed["scopes"] == ["a", "b"]


def test_client_secrets_have_256_random_bits() -> None:
    """A23: Keyturn chooses each client secret, of 256 random bits, so that no list of weak secrets has it."""
    secrets = {json.loads(run(*ADD, "--json").stdout)["client_secret"] for _ in range(8)}
    assert len(secrets) == 8
    assert {len(urlsafe_b64decode(secret + "=")) for secret in secrets} == {32}


@pytest.mark.parametrize("wrong", [("--scope", "a  b"), ("--audience", "two words"), ("--name", "")])
def test_a_wrong_registration_says_why_and_stores_nothing(wrong: tuple[str, str]) -> None:
    """An invalid registration is refused before the first write."""
    assert isinstance(run(*ADD, *wrong).exception, ValueError)
    assert registered() == ()


def test_keys_are_listed_with_their_states() -> None:
    """`keys list` shows each key's state (NIST SP 800-57) and the time of its begin."""
    key = signing_key("RS256")
    put_ring(key)
    shown = run("keys", "list").stdout
    assert f"{key.kid}  RS256      ACTIVE  1970-01-01 01:00:00Z  1970-01-01 00:01:00Z" in shown
    answer = json.loads(run("keys", "list", "--json").stdout)
    assert [each["state"] for each in answer["rings"][0]["keys"]] == ["ACTIVE"]


def test_a_token_is_decoded_and_said_not_to_be_verified() -> None:
    """`token decode` needs no stack, formats times, and says that the token is unverified."""
    shown = run("token", "decode", make_token(claims={"client_id": "c_1"})).stdout
    assert "c_1" in shown
    assert "2026-" in shown
    assert shown.rstrip().endswith("not verified")


@pytest.mark.parametrize("time", [1e300, float("inf"), float("nan"), -1e18, 10**14, True, None, "soon"])
def test_a_time_that_no_calendar_has_is_shown_as_it_is(time: object) -> None:
    """`token decode` shows forged tokens too: a claim outside the calendar is shown without a time."""
    shown = run("token", "decode", unsigned({"exp": time, "sub": "demo"}))
    assert shown.exit_code == 0
    assert f"exp        {time if time == 'soon' else json.dumps(time)}\nsub        demo\n" in shown.stdout


@pytest.mark.parametrize("hidden", ["\x1b[2J", "a\n\nvalid", "\ud800", "\u202e"])
def test_a_token_cannot_write_on_the_terminal(hidden: str) -> None:
    """`token decode` shows invisible characters and line ends as JSON escapes."""
    shown = run("token", "decode", unsigned({"sub": hidden, hidden: ["x"]}))
    assert hidden not in shown.stdout
    assert f"sub        {json.dumps(hidden)}\n" in shown.stdout
    assert f'{json.dumps(hidden):<10} ["x"]\n' in shown.stdout


def unsigned(claims: dict[str, object]) -> str:
    """Return a token with these claims and an invalid signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join([*(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "AAAA"])


@pytest.mark.parametrize("text", ["nonsense", "\xff", "a.b.c"])
def test_what_is_no_token_is_a_usage_error(text: str) -> None:
    """`token decode` refuses a text that is not a token, with exit code 2."""
    result = run("token", "decode", text)
    assert result.exit_code == 2
    assert "not a signed token" in result.stderr


def test_without_a_stack_the_command_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an embedded or a named stack the error is one line on standard error, with exit code 1."""
    monkeypatch.chdir(tmp_path)
    assert "start one with `make run`" in said_before_it_stopped(monkeypatch, "keys", "list")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": {}, "emulator": {}}', "\xff"])
def test_a_stack_that_is_described_otherwise(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A damaged stack.json, or that of another release, gives one line that names the file."""
    Path("../.local/stack.json").write_text(text, encoding="latin-1")
    assert "stack.json cannot be read" in said_before_it_stopped(monkeypatch, "keys", "list")


def test_a_stack_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack.json without a running stack gives one line that says how to start it."""

    address = "http://127.0.0.1:4580"
    file = Path("../.local/stack.json")
    description = json.loads(file.read_text())
    description["emulator"]["endpoint_url"] = address
    file.write_text(json.dumps(description))
    with mock.patch("socket.create_connection", side_effect=ConnectionRefusedError):
        said = said_before_it_stopped(monkeypatch, "clients", "list")
    assert said.endswith(f"does not answer at {address}: start it with `make run`")


def test_a_deployed_stack_of_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that is missing is named."""
    outputs = [{"OutputKey": name, "OutputValue": "a"} for name in ("KeyRingTableName", "IssuerUrl")]
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda *_: {"Stacks": [{"Outputs": outputs}]})
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    said = said_before_it_stopped(monkeypatch, "clients", "list", "--stack", "old")
    assert said.startswith("keyturn: stack old is of another release than this command, since it has no output")
    assert said.endswith("'ClientTableName': use the `keyturn` of that release, or deploy this one")


def test_a_fault_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without a ring gives one line on standard error that names the ring, and exit code 1."""
    assert said_before_it_stopped(monkeypatch, "keys", "list") == (
        "keyturn: ring default has no item: restore the ring as docs/runbook.md describes it"
    )


def test_an_answer_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk behind standard output gives one line with the cause, and exit code 1."""

    def fail(_text: str, **_options: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("keyturn_cli.output.typer.echo", fail)
    assert "No space left on device" in said_before_it_stopped(monkeypatch, "clients", "list")


def said_before_it_stopped(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr("sys.argv", ["keyturn", *arguments])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    message = str(stopped.value)
    assert "\n" not in message
    return message
