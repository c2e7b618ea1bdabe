"""The embedded stack of a folder: `.local/stack.json`, which decides where the command sends its writes.

Another user can leave such a file in a folder above the user's own (git's CVE-2022-24765). Another program can listen
on the port of a stack that was killed. So the search stays in the user's own folders. The file and `.local` must belong
to the user, and the user alone may write them. The stack must still hold its lock, and its endpoint must be on the
loopback interface.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from keyturn_cli.errors import CommandError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_BYTES = 1_000_000
_FOLDER = ".local"
_FILE = "stack.json"
_LOCK = "lock"
_START = "start one with `make run`, or name a stack with --stack"


class NoDeployment(CommandError):
    """There is no stack to work on."""


class EmbeddedStack(NamedTuple):
    """A running embedded stack; `endpoint_url` is on the loopback interface."""

    folder: Path
    outputs: dict[str, str]
    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str


def find_embedded_stack(folder: Path) -> EmbeddedStack:
    """Return the stack that runs in this folder or the nearest one above it; raises NoDeployment."""
    found = _search(folder)
    path = found / _FOLDER / _FILE
    text = _read(found / _FOLDER)
    try:
        described = json.loads(text)
        emulator = described["emulator"]
        return EmbeddedStack(
            folder=found,
            outputs=dict(described["outputs"]),
            endpoint_url=_loopback(path, emulator["endpoint_url"]),
            region=emulator["region"],
            access_key_id=emulator["access_key_id"],
            secret_access_key=emulator["secret_access_key"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise unreadable(found) from None


def unreadable(folder: Path) -> NoDeployment:
    """Return the error for a stack.json that lacks a member."""
    return NoDeployment(
        f"{folder / _FOLDER / _FILE} cannot be read, or is of another release", "stop `make run`, and start it again"
    )


def _search(folder: Path) -> Path:
    """Return the nearest folder with a description; stops at another owner's folder and at a file system's boundary."""
    device = folder.stat().st_dev
    ignored = ""
    for each in (folder, *folder.parents):
        state = each.stat()
        is_described = os.path.lexists(each / _FOLDER / _FILE)
        boundary = ""
        if state.st_uid not in _trusted_users():
            boundary = f"belongs to {_user(state.st_uid)}, and you are {_user(os.geteuid())}"
        elif state.st_dev != device:
            boundary = "is on another file system"
        if boundary:
            ignored = f" ({each / _FOLDER / _FILE} is ignored: {each} {boundary})" if is_described else ""
            break
        if is_described:
            return each
    raise NoDeployment(f"no embedded stack runs in this folder{ignored}", _START)


def _read(folder: Path) -> bytes:
    """Return the description, read from a descriptor that was checked; raises NoDeployment."""
    with (
        _opened(folder, os.O_DIRECTORY) as directory,
        # A FIFO would let the open wait for a writer.
        _opened(folder / _FILE, os.O_NONBLOCK, directory) as file,
    ):
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise _distrust(folder / _FILE, "it is not a regular file")
        _check_that_it_runs(folder, directory)
        with open(file, "rb", closefd=False) as stream:
            return stream.read(_MAX_BYTES)


@contextmanager
def _opened(path: Path, flags: int, directory: int | None = None) -> Iterator[int]:
    """Open a path that the user alone can write, without following a symbolic link; raises NoDeployment."""
    try:
        name = path if directory is None else path.name
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | flags, dir_fd=directory)
    except OSError as error:
        if path.is_symlink():
            raise _distrust(path, "it is a symbolic link") from None
        raise NoDeployment(f"{path}: {error.strerror}", _START) from None
    try:
        # The state of the descriptor: the name may be another file's by now.
        state = os.fstat(descriptor)
        if state.st_uid not in _trusted_users():
            raise _distrust(path, f"it belongs to {_user(state.st_uid)}, and you are {_user(os.geteuid())}")
        if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise NoDeployment(
                f"{path} is not trusted, since other users can write it (mode {stat.S_IMODE(state.st_mode):04o})",
                f"stop `make run`, type `chmod go-w {path}`, and start it again",
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _check_that_it_runs(folder: Path, directory: int) -> None:
    """Raise NoDeployment for a stack that was killed: another program may have its port by now."""
    try:
        lock = os.open(_LOCK, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        raise _killed(folder) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
    raise _killed(folder)


def _killed(folder: Path) -> NoDeployment:
    return NoDeployment(f"the embedded stack of {folder.parent} was killed", "start it with `make run`")


def _loopback(path: Path, endpoint_url: str) -> str:
    """Return the endpoint, composed of host and port alone; raises NoDeployment for an address beyond loopback."""
    address = urlsplit(endpoint_url)
    host, port = address.hostname, address.port
    extra = address.username is not None or address.path.strip("/") or address.query or address.fragment
    if address.scheme != "http" or host not in _LOOPBACK or not port or extra:
        raise _distrust(path, f"its endpoint {endpoint_url} is not http://127.0.0.1, http://localhost or http://[::1]")
    return f"http://[{host}]:{port}" if host == "::1" else f"http://{host}:{port}"


def _distrust(path: Path, why: str) -> NoDeployment:
    return NoDeployment(f"{path} is not trusted, since {why}", _START)


def _trusted_users() -> frozenset[int]:
    """Return the effective user, and under sudo also the user who called sudo: git trusts the same two."""
    user, caller = os.geteuid(), os.environ.get("SUDO_UID", "")
    if user == 0 and caller.isascii() and caller.isdecimal():
        return frozenset({user, int(caller)})
    return frozenset({user})


def _user(user: int) -> str:
    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"
