"""`python -m local env`: what other tools need, as a shell and as JSON readers take it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

from local.tool_environment import shell_lines, tool_environment
from tests.unit.local.test_stack_file import STACK

KEYS = {"region": "us-east-1", "access_key_id": "ROOTAB", "secret_access_key": "it's $(secret)"}
RUNNING = replace(
    STACK,
    emulator=STACK.emulator | KEYS,
    outputs={"IssuerUrl": "http://localhost:8480", "JwksUrl": "http://localhost:8480/jwks", "ClientTableName": "c-1"},
)


def test_the_variables_name_endpoint_keys_and_outputs() -> None:
    """SDKs of AWS find the emulator with the keys of this run, and a service finds issuer, JWKS and tables."""
    found = tool_environment(RUNNING)
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4580"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_REGION"]) == ("ROOTAB", "us-east-1")
    assert (found["KEYTURN_ISSUER_URL"], found["KEYTURN_CLIENT_TABLE_NAME"]) == ("http://localhost:8480", "c-1")
    assert (found["KEYTURN_JWKS_URL"], found["KEYTURN_CLIENT_ID"]) == ("http://localhost:8480/jwks", "demo")
    assert found["KEYTURN_API_HTTP"] == "http://127.0.0.1:8481/http/reports"


def test_a_shell_reads_each_value_as_it_is() -> None:
    """Quotes and dollar signs stay text, and the user's own profile and session token are unset."""
    lines = shell_lines(tool_environment(RUNNING))
    show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(
        ["sh", "-c", "\n".join([*lines, show])],
        env={"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "t", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen.items() >= tool_environment(RUNNING).items()
    assert seen.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN"})
