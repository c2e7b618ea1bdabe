"""The embedded stack that another process runs in this checkout, for the commands that work on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn_cli.embedded_stack import NoDeployment, find_embedded_stack, unreadable
from local.stack_file import connect, read_stack_file

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack_file import StackFile


class RunningStack:
    """A running stack and its folder `.local`; as a context manager it closes its clients."""

    def __init__(self, directory: Path, described: StackFile) -> None:
        self.directory = directory
        self.described = described
        self.endpoint_url = described.emulator["endpoint_url"]
        self.log = directory / "emulator.log"
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> RunningStack:
        return self

    def __exit__(self, *exception: object) -> None:
        while self._clients:
            self._clients.popitem()[1].close()

    def client(self, service: str) -> Any:
        """Return a boto3 client that is root in the emulator's account."""
        if service not in self._clients:
            self._clients[service] = connect(self.described, service)
        return self._clients[service]


def find_running_stack(root: Path) -> RunningStack:
    """Return the stack that runs in this checkout; raises NoDeployment."""
    try:
        found = find_embedded_stack(root)
    except NoDeployment as error:
        # The operator's command proposes its option --stack, which no command here has.
        raise NoDeployment(error.problem, "start one with `make run`") from None
    directory = found.folder / ".local"
    try:
        return RunningStack(directory, read_stack_file(directory / "stack.json"))
    except (OSError, ValueError, TypeError):
        raise unreadable(found.folder) from None
