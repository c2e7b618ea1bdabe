"""Runs commands in forks of one process, since each import of them costs up to a second.

`program` returns a program for the caller. The process runs its command in the caller's folder and environment.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

_CLIENT = """#!{python} -IS
import json, os, socket, sys
link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.connect({address!r})
arguments = [{name!r}, *sys.argv[1:]]
message = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(link, [message], [0, 1, 2])
sys.exit(link.recv(1)[0])
"""
_MOST_BYTES = 100_000


def program(name: str, address: Path) -> str:
    """Return the text of a program that runs a command at the address."""
    return _CLIENT.format(python=sys.executable, address=str(address), name=name)


def serve(address: str, commands: dict[str, Callable[[], object]]) -> None:
    """Run the commands of the clients at the address until this process is stopped."""
    gc.freeze()
    gc.disable()  # a collection in a fork would copy each page of the imports
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"{address}.new")
    listener.listen()
    os.rename(f"{address}.new", address)  # a client that finds the address finds a listener
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass  # ended children leave no zombies
        link, _ = listener.accept()
        message, descriptors, *_ = socket.recv_fds(link, _MOST_BYTES, 3)
        if os.fork() == 0:
            listener.close()
            arguments, folder, environment = json.loads(message)
            for standard, descriptor in enumerate(descriptors):
                os.dup2(descriptor, standard)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = arguments
            code = run(commands[arguments[0]])
            # The client is gone if the shell was stopped.
            with contextlib.suppress(OSError):
                link.send(bytes([code]))
            os._exit(code)
        for each in descriptors:
            os.close(each)
        link.close()


def run(command: Callable[[], object]) -> int:
    """Run a command, and return its exit code."""
    try:
        code = command() or 0
    except SystemExit as ended:
        code = ended.code or 0
    except Exception:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code
