"""The operator's command on the embedded stack, found both ways."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import jwt

from tests.integration.http import CLIENT, get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

KEYTURN = [sys.executable, "-c", "from keyturn_cli.app import main; main()"]


def keyturn(stack: StackFile, *arguments: str, stdin: str = "") -> str:
    """Return what a command prints that succeeds."""
    done = run(stack, *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(stack: StackFile, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command as for a deployed stack, with the emulator as AWS."""
    environment = {
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
        "AWS_DEFAULT_REGION": stack.emulator["region"],
        "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
        "USER": "operator",
    }
    # Before the -- that a kid may need: what follows it are arguments.
    at = arguments.index("--") if "--" in arguments else len(arguments)
    command = [*KEYTURN, *arguments[:at], "--stack", stack.stack_name, *arguments[at:]]
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, check=False)


def test_a_registered_client_gets_tokens(stack: StackFile) -> None:
    """`clients add` makes a client that the issuer knows at once, with its own scopes."""
    added = keyturn(
        stack, "clients", "add", "--name", "New", "--audience", stack.audience, "--scope", "reports:read", "--json"
    )
    client = json.loads(added)
    assert client["client_id"] in keyturn(stack, "clients", "list")
    answer = CLIENT.post(
        stack.token_endpoint,
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
    )
    assert answer.json()["scope"] == "reports:read"
    assert set(statuses(stack, answer.json()["access_token"]).values()) == {200}


def test_a_token_that_the_operator_revokes_is_refused(stack: StackFile) -> None:
    """`revoke --token -` takes effect with the next request."""
    raw = get_token(stack)
    assert set(statuses(stack, raw).values()) == {200}
    keyturn(stack, "revoke", "--token", "-", stdin=raw)
    assert set(statuses(stack, raw).values()) == {401, 403}


def test_a_revoked_client_loses_its_tokens_and_gets_new_ones(stack: StackFile) -> None:
    """`revoke --client` ends every issued token; the next one is issued after the cutoff, and is good at once (R49)."""
    raw = get_token(stack)
    keyturn(stack, "revoke", "--client", stack.client_id, "--yes")
    assert set(statuses(stack, raw).values()) == {401, 403}
    assert set(statuses(stack, get_token(stack)).values()) == {200}


def test_keys_are_listed_and_a_token_is_verified(stack: StackFile) -> None:
    """`keys list` shows the ring; `token decode --verify` says valid, or why not."""
    listed = json.loads(keyturn(stack, "keys", "list", "--json"))
    states = {key["state"] for ring in listed["rings"] for key in ring["keys"]}
    assert ("promote", []) in [(step["action"], listed["notes"]) for step in listed["next"]]
    assert {"ACTIVE", "PRE_ACTIVATION"} <= states
    assert keyturn(stack, "token", "decode", get_token(stack), "--verify").rstrip().endswith("valid")


def test_keys_are_planned_turned_and_taken_out_of_use(stack: StackFile) -> None:
    """`keys plan`, `rotate` and `compromise` reach the rotator: tokens live through a rotation, not an emergency."""
    raw = get_token(stack)
    kid = jwt.get_unverified_header(raw)["kid"]
    assert "promote" in keyturn(stack, "keys", "plan")
    deadline = time.monotonic() + 30
    while not _rotated(stack):
        assert time.monotonic() < deadline
        time.sleep(1)
    assert set(statuses(stack, raw).values()) == {200}
    keyturn(stack, "keys", "compromise", "--reason", "a drill", "--yes", "--", kid)
    assert set(statuses(stack, raw).values()) == {401, 403}
    assert set(statuses(stack, get_token(stack)).values()) == {200}


def _rotated(stack: StackFile) -> bool:
    """Rotate, unless the standby has not been published for the whole lead; return whether it was done."""
    done = run(stack, "keys", "rotate")
    assert "done: promote" in done.stdout or "standby_too_young" in done.stderr
    return done.returncode == 0
