"""Runs the blocks of a page one after the other in one shell, and returns the output of each."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages.checkout import Checkout

_BEGIN = "\x1e"  # begins the output of a block; no command prints it
_PATIENCE_SECONDS = 180


class Block(NamedTuple):
    """Commands under a name for messages; `given` runs before them, and prints nothing of theirs."""

    name: str
    given: str
    text: str


class PageFailed(Exception):
    """A command of a page failed; the message has its block and its output."""


def run_blocks(checkout: Checkout, blocks: Sequence[Block], variables: dict[str, str]) -> list[str]:
    """Run the blocks in one shell that stops at a failure, and return what each prints; raises PageFailed.

    Questions are answered by `y`.
    """
    script = "\n".join(f"{{ :\n{each.given}\n}} >&2\nprintf '{_BEGIN}'\n{each.text}" for each in blocks)
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as answers, tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", script],
                cwd=checkout.root,
                env=checkout.environment | variables,
                stdin=answers.stdout,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
        finally:
            answers.kill()
        errors.seek(0)
        _, *printed = done.stdout.split(_BEGIN)
        if done.returncode != 0:
            name = blocks[len(printed) - 1].name
            raise PageFailed(redacted(f"{name}: exit code {done.returncode}\n{printed[-1]}{errors.read().decode()}"))
    return printed


@contextmanager
def run_beside(checkout: Checkout, text: str, variables: dict[str, str]) -> Iterator[Path]:
    """Run commands that stay up, as in a terminal of their own, and end them by Ctrl-C; give their output's file."""
    printed = checkout.root.parent / f"terminal-{time.monotonic_ns()}"
    with printed.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-c", text],
            cwd=checkout.root,
            env=checkout.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A shell's background job ignores SIGINT, and its children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield printed
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(_PATIENCE_SECONDS)


def wait_for(text: str, printed: Path) -> str:
    """Return the output of commands that stay up when a line of it has the text."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while text not in printed.read_text():
        if time.monotonic() > deadline:
            raise PageFailed(f"no line has {text!r}:\n{printed.read_text()}")
        time.sleep(0.2)
    return printed.read_text()


def wait_for_port(port: int, printed: Path) -> None:
    """Return when a server of this machine listens at the port."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise PageFailed(f"nothing listens at port {port}:\n{printed.read_text()}") from None
        time.sleep(0.1)


def shows(expected: str, printed: str) -> bool:
    """Return whether an output ends with the lines that a page shows.

    `…` stands for any text, alone on a line for any lines, `xxxx` for any four characters. So does each time in UTC.
    """
    pattern = re.escape(expected.strip("\n"))
    pattern = re.sub(r"^(\ *|(?:\\ )*)…\n", r"(?:.*\\n)*", pattern.replace("\\\n", "\n"), flags=re.MULTILINE)
    pattern = pattern.replace("…", ".*").replace("xxxx", ".{4}")
    pattern = re.sub(r"\d{4}\\-\d\d\\-\d\d\\ \d\d:\d\d:\d\dZ", r"\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ", pattern)
    return re.search(f"(?m:^){pattern}\\Z", printed.rstrip("\n")) is not None


def redacted(printed: str) -> str:
    """Return an output without tokens and secrets."""
    printed = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "(token)", printed)
    return re.sub(r"(secret\W+|password\W+|link=)\S+", r"\1(redacted)", printed)
