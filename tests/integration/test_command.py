"""The operator's command on the embedded stack, found both ways."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.integration.http import CLIENT, get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

KEYTURN = [sys.executable, "-c", "from keyturn_cli.app import main; main()"]


def keyturn(stack: StackFile, *arguments: str, stdin: str = "") -> str:
    """Run the command as for a deployed stack, with the emulator as AWS."""
    environment = {
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
        "AWS_DEFAULT_REGION": stack.emulator["region"],
        "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
        "USER": "operator",
    }
    command = [*KEYTURN, *arguments, "--stack", stack.stack_name]
    done = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
    """`revoke --client` ends every token in hand; the next token is issued after the cut, and is good at once (R49)."""
    raw = get_token(stack)
    keyturn(stack, "revoke", "--client", stack.client_id)
    assert set(statuses(stack, raw).values()) == {401, 403}
    assert set(statuses(stack, get_token(stack)).values()) == {200}


def test_keys_are_listed_and_a_token_is_verified(stack: StackFile) -> None:
    """`keys list` shows the ring; `token decode --verify` says valid, or why not."""
    states = {key["state"] for key in json.loads(keyturn(stack, "keys", "list", "--json"))["keys"]}
    assert {"ACTIVE", "PRE_ACTIVATION"} <= states
    assert keyturn(stack, "token", "decode", get_token(stack), "--verify").rstrip().endswith("valid")
