"""The functions in real containers, by the command that a user has, against an embedded stack."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.events import prepare_sam_local, render_template
from local.ports import ANY_PORTS
from local.stack import ROOT, EmbeddedStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

PROCESSOR = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
BUILD = ROOT / ".aws-sam" / PROCESSOR / "template.yaml"
PATIENCE_SECONDS = 90


class SamLocal:
    """`sam local` with what `make events` rendered into `directory`."""

    def __init__(self, stack: StackFile, directory: Path) -> None:
        self.stack = stack
        self._directory = directory
        prepare_sam_local(stack, ROOT / "events", directory)
        self._joined = render_template(BUILD, directory)

    def event(self, name: str) -> Any:
        """Return an event as it was rendered."""
        return json.loads((self._directory / "events" / f"{name}.json").read_text())

    def invoke(self, function: str, event: str) -> Any:
        """Return what the function answers to an event, in a container of its own and under its own role."""
        command = self._command("invoke", function, BUILD)
        command += ["--event", str(self._directory / "events" / f"{event}.json"), function]
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def start_api(self) -> Iterator[str]:
        """Serve the template's APIs, under the role of the authorizer, and return the URL."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self._directory / "start-api.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self._command("start-api", "AuthorizerFunction", self._joined), "--port", str(port)],
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                # A shell's background job ignores SIGINT, and its children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_up(url, process, log)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)

    def _command(self, subcommand: str, profile: str, template: Path) -> list[str]:
        return [
            str(ROOT / ".venv-tools" / "bin" / "sam"),
            *("local", subcommand, "--template", str(template), "--profile", profile, "--skip-pull-image"),
            *("--config-file", str(ROOT / "samconfig.toml"), "--env-vars", str(self._directory / "env.json")),
            *("--parameter-overrides", f"Architecture={PROCESSOR}"),
        ]

    def _environment(self) -> dict[str, str]:
        # Not what a person has set: credentials in the environment would go before the profile.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {"AWS_CONFIG_FILE": str(self._directory / "aws_config"), "SAM_CLI_TELEMETRY": "0"}


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/no-such-path", trust_env=False, timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"sam local start-api did not come up; its log:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def sam_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamLocal]:
    """Return `sam local` on a stack of its own."""
    directory = tmp_path_factory.mktemp("local")
    with EmbeddedStack(directory, ports=ANY_PORTS) as stack:
        yield SamLocal(stack, directory)
