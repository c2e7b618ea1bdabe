"""The emulator: MiniStack behind its guard, a child process on loopback, with its state in one folder between runs."""

from __future__ import annotations

import enum
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config

REGION = "us-east-1"
START_SECONDS = 60
STOP_SECONDS = 30
STATE = "state"
# The emulator locks this file while it runs, and a graceful stop removes it: a file without a lock is a killed run.
_MARKER = "running"

_GUARD = Path(__file__).with_name("guarded_emulator.py")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class EmulatorError(Exception):
    """The emulator did not start; the message holds the end of its log."""


class StateFound(enum.Enum):
    """The state that a start finds of the run before."""

    NONE = "no state from an earlier run"
    KEPT = "state from the last run found"
    LOST = "the last run was killed before it could save its state: starting without state"
    LEFT_BEHIND = "an emulator left behind by the last run was stopped, its state kept"


def settle_last_run(directory: Path) -> StateFound:
    """Stop an emulator that was left behind, drop the state of one that was killed, and return which it was."""
    marker, state = directory / _MARKER, directory / STATE
    if not marker.exists():
        return StateFound.KEPT if state.exists() else StateFound.NONE
    stopped = _stop_left_behind(marker)
    if not stopped:
        shutil.rmtree(state, ignore_errors=True)
    marker.unlink()
    return StateFound.LEFT_BEHIND if stopped else StateFound.LOST


def _stop_left_behind(marker: Path) -> bool:
    # A held lock proves that the emulator runs: without it another process may have its process id by now.
    with marker.open() as file:
        if _try_lock(file):
            return False
        process_id = int(file.read())
        os.kill(process_id, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if _try_lock(file):
                return True
            time.sleep(0.1)
        os.kill(process_id, signal.SIGKILL)
        return False


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Emulator:
    """MiniStack on 127.0.0.1:`port`; only a graceful stop keeps its state in `directory`.

    The key of its root is `access_key_id`, which only this object has. `hosts` are further accepted Hosts with their
    ports: those of servers that forward requests signed for them.
    """

    def __init__(self, directory: Path, port: int, hosts: tuple[str, ...] = ()) -> None:
        self.port = port
        self.access_key_id = f"ROOT{secrets.token_hex(8).upper()}"
        self.secret_access_key = secrets.token_hex(32)
        self._hosts = (*(f"{name}:{port}" for name in _LOOPBACK), *hosts)
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.log = directory / "emulator.log"
        self.state = directory / STATE  # files that belong to this state are in here too, to be dropped with it
        self._directory = directory
        self._temporary = directory / "tmp"
        self._marker = directory / _MARKER
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def client(self, service: str) -> Any:
        """Return a boto3 client that is root in the emulator's account; it is closed with the emulator."""
        if service not in self._clients:
            self._clients[service] = boto3.session.Session(
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                region_name=REGION,
            ).client(  # type: ignore[call-overload]  # the service is any of those that the stack uses
                service,
                endpoint_url=self.endpoint_url,
                config=Config(read_timeout=180, retries={"mode": "standard", "total_max_attempts": 1}),
            )
        return self._clients[service]

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> StateFound:
        """Start the emulator and wait until it answers; raises EmulatorError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = settle_last_run(self._directory)
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(mode=0o700)
        self.state.mkdir(mode=0o700, exist_ok=True)
        with self._marker.open("w") as marker, self.log.open("wb") as log:
            fcntl.flock(marker, fcntl.LOCK_EX)
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_GUARD)],
                cwd=self._temporary,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[marker.fileno()],
                start_new_session=True,  # Ctrl-C must not reach it: it is stopped after all others
            )
            marker.write(str(self._process.pid))
        try:
            self._hand_over_keys(self._process)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return found

    def stop(self) -> None:
        """Stop the emulator gracefully, so that it saves its state; kill it after STOP_SECONDS."""
        if self._process is None:
            return
        while self._clients:
            self._clients.popitem()[1].close()
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode == 0:
            self._marker.unlink()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        # Only PATH is inherited: handlers run in this environment, and must not find a person's AWS account.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._temporary),
            "TMPDIR": str(self._temporary),
            "LANG": "C.UTF-8",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state / "emulator"),
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOG_LEVEL": "INFO",
        }

    def _hand_over_keys(self, process: subprocess.Popen[bytes]) -> None:
        # The keys go through stdin: a handler inherits the environment of the emulator.
        run = {
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "hosts": self._hosts,
        }
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as stdin:  # it has ended already: its log says why
                stdin.write(json.dumps(run).encode())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running:
                break
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            try:
                connection.request("GET", "/_ministack/health")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except OSError:
                time.sleep(0.05)
            finally:
                connection.close()
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        raise EmulatorError("\n".join([f"the emulator did not start on port {self.port}; its log ends:", *tail]))
