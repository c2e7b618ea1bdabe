"""A reader of the pages: starts the stack by the README's first command, and types the others one by one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from local.ports import find_free_port
from local.stack_file import StackFile, read_stack_file
from local.tool_environment import tool_environment
from tests.pages.checkout import Checkout, NotSetUp
from tests.pages.context import REPLACED, given_before
from tests.pages.fences import ROOT, Fence, commands_of
from tests.pages.shell import Block, run_beside, run_blocks, wait_for, wait_for_port
from tests.pages.warm_server import program

if TYPE_CHECKING:
    from collections.abc import Iterator

START = "make run\n"
SERVICE = "examples/service/service.py\n"
_SERVICE_ADDRESS = "http://127.0.0.1:8490"
# Runs the embedded stack's commands in the process that has imported them, and all else by itself.
_PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m local" ]; then shift 2; exec embedded-stack "$@"; fi
exec {python} "$@"
"""


class Reader(NamedTuple):
    """A reader in a fresh checkout; `started` is the output of `make run`."""

    checkout: Checkout
    stack: StackFile
    started: str

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of this stack, by those that the pages show: the ones of a machine whose ports are free."""
        return {
            "http://127.0.0.1:8481": self.stack.apis_origin,
            "http://127.0.0.1:8482/": str(self.stack.app),
            "http://localhost:8480": self.stack.issuer,
            "https://auth.example.com": self.stack.issuer,
        }

    def read(self, page: str) -> dict[Fence, str]:
        """Run the commands of a page, and return what each block prints; raises PageFailed."""
        fences = [fence for fence in commands_of(page) if fence.is_typed and fence.text != START]
        services = [fence for fence in fences if fence.text.endswith(SERVICE)]
        addresses, variables = self.addresses, tool_environment(self.stack)
        with ExitStack() as terminals:
            for fence in services:
                port = find_free_port()
                addresses[_SERVICE_ADDRESS] = f"http://127.0.0.1:{port}"
                given = variables | {"PORT": str(port)}
                wait_for_port(port, terminals.enter_context(run_beside(self.checkout, fence.text, given)))
            typed = [fence for fence in fences if fence not in services]
            blocks = [
                Block(each.name, given_before(page, each.text), _with(addresses | REPLACED.get(page, {}), each.text))
                for each in typed
            ]
            return dict(zip(typed, run_blocks(self.checkout, blocks, variables), strict=True))

    def expected(self, fence: Fence) -> str:
        """Return the output that the page shows, with the addresses of this stack."""
        return _with(self.addresses, fence.output or "")


@contextmanager
def start_reading(folder: Path) -> Iterator[Reader]:
    """Start the stack in a fresh checkout in the folder, by the command of the README."""
    (folder / "keyturn").mkdir()
    checkout = Checkout(folder / "keyturn")
    with run_beside(checkout, START, {}) as printed:
        started = wait_for("  next  ", printed)
        yield Reader(checkout, read_stack_file(checkout.root / ".local" / "stack.json"), started)


@contextmanager
def warm_commands(checkout: Checkout) -> Iterator[None]:
    """Let `keyturn`, `python -m local` and `aws` run in forks of processes that have imported them."""
    folder = checkout.root.parent
    own, aws = folder / "commands", folder / "aws-commands"
    programs = {".venv/bin/keyturn": "keyturn", "embedded-stack": "local", "administrator": "administrator"}
    for name, command in programs.items():
        checkout.put_program(name, program(command, own))
    checkout.put_program("aws", program("aws", aws))
    checkout.put_program(".venv/bin/python", _PYTHON.format(python=ROOT / ".venv" / "bin" / "python"))
    with (
        _serve(checkout, sys.executable, "tests.pages.warm_commands", own),
        _serve(checkout, str(ROOT / ".venv-aws" / "bin" / "python"), "tests.pages.warm_aws", aws),
    ):
        yield


@contextmanager
def _serve(checkout: Checkout, python: str, module: str, address: Path) -> Iterator[None]:
    """Run the module that serves commands at the address."""
    if not Path(python).exists():
        raise NotSetUp(f"make test-stack builds {python}")
    environment = os.environ | checkout.environment
    with subprocess.Popen([python, "-m", module, str(address)], cwd=checkout.root, env=environment) as process:
        try:
            while not address.exists():
                assert process.poll() is None, f"{module} could not be imported"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _with(own: Mapping[str, str], text: str) -> str:
    for shown, value in own.items():
        text = text.replace(shown, value)
    return text
