"""The embedded stack itself: its output, its state and its restart."""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING

import httpx
import pytest

from local.demo import run_demo
from local.ports import ANY_PORTS
from local.progress import Progress
from local.stack import EmbeddedStack
from local.stack_file import read_stack_file
from local.stack_lock import AlreadyRunning

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack_file import StackFile


def ask_for_token(stack: StackFile) -> httpx.Response:
    return httpx.post(
        stack.token_endpoint,
        data={"grant_type": "client_credentials"},
        auth=(stack.client_id, stack.client_secret),
        timeout=40,
        trust_env=False,
    )


def test_the_demo_has_the_expected_results(stack: StackFile) -> None:
    """Each step of the demo, from a first refusal to an emergency, has its expected result."""
    told = io.StringIO()
    assert run_demo(stack, Progress(told)), told.getvalue()


def test_a_stack_keeps_its_state_between_runs(tmp_path: Path) -> None:
    """A second run finds the state: no create_stack, the same client and secret, and its first token is still good."""
    directory = tmp_path / "local"
    with EmbeddedStack(directory, ports=ANY_PORTS) as first:
        token = ask_for_token(first).json()["access_token"]
        assert read_stack_file(directory / "stack.json") == first
        assert stat.S_IMODE((directory / "stack.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        with pytest.raises(AlreadyRunning, match=r"see .*stack\.json"):
            EmbeddedStack(directory).start()
    assert not (directory / "stack.json").exists()

    log = io.StringIO()
    with EmbeddedStack(directory, progress=Progress(log)) as second:
        answers = {
            name: httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=40, trust_env=False).status_code
            for name, url in second.apis.items()
        }
    assert "state from the last run found" in log.getvalue()
    assert "keyturn unchanged" in log.getvalue()
    assert (second.issuer, second.client_secret) == (first.issuer, first.client_secret)
    assert answers == {"http": 200, "rest_token": 200, "rest_request": 200}
