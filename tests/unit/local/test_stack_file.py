"""`.local/stack.json`."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from local.stack_file import StackFile, read_stack_file, write_stack_file

if TYPE_CHECKING:
    from pathlib import Path

STACK = StackFile(
    issuer="http://localhost:8480",
    token_endpoint="http://localhost:8480/oauth2/token",
    client_id="demo",
    client_secret="secret",
    audience="https://api.example.com",
    scope="reports:read",
    apis={"http": "http://127.0.0.1:8481/http/reports"},
    stack_name="keyturn",
    outputs={"IssuerUrl": "http://localhost:8480"},
    emulator={"endpoint_url": "http://127.0.0.1:4580"},
    containers=None,
    process_id=1,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The file holds the whole description, and no temporary file stays beside it."""
    write_stack_file(tmp_path / "stack.json", STACK)

    assert read_stack_file(tmp_path / "stack.json") == STACK
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """The file holds a secret: its mode is 0600, even where a file of another mode was there before."""
    file = tmp_path / "stack.json"
    file.write_text("old")
    file.chmod(0o644)
    write_stack_file(file, STACK)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
