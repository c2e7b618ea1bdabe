"""The addresses of deployed APIs on this machine, in a file that `local deploy` writes and the front proxy reads.

An output of a stack names an API as AWS does: `https://<id>.execute-api.<region>.<suffix>`. That name leads to AWS. So
each output is rewritten: an HTTP or REST API to a prefix at the front proxy, a WebSocket API to the emulator itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "addresses.json"
_UPSTREAM = "/_aws/execute-api/"
_KINDS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")


@dataclass
class ApiAddresses:
    """The prefixes of each stack's APIs; the file lies in the emulator's state, and is lost with it."""

    file: Path
    _seen: tuple[int, int] = (0, 0)
    _routes: dict[str, str] = field(default_factory=dict)

    def routes(self) -> Mapping[str, str]:
        """Return the emulator's path of each prefix; reads the file again if it changed."""
        try:
            state = self.file.stat()
        except FileNotFoundError:
            return {}
        if (seen := (state.st_mtime_ns, state.st_ino)) != self._seen:
            self._routes = {prefix: path for routes in self._read().values() for prefix, path in routes.items()}
            self._seen = seen
        return self._routes

    def put(self, stack: str, routes: Mapping[str, str]) -> None:
        """Store the prefixes of a stack's APIs; none forgets the stack."""
        with _hold(self.file.parent):
            known = self._read() | {stack: dict(routes)}
            # A new file has a new inode: two changes within one tick of the file system's clock are seen.
            unfinished = self.file.with_name(self.file.name + ".tmp")
            unfinished.write_text(json.dumps({name: each for name, each in known.items() if each}))
            unfinished.replace(self.file)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            known: dict[str, dict[str, str]] = json.loads(self.file.read_text())
        except FileNotFoundError:
            return {}
        return known


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Wait until no other deployment writes in the folder: two at once would lose the addresses of one."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def api_prefixes(stack: str, template: Mapping[str, Any], physical_ids: Mapping[str, str]) -> dict[str, str]:
    """Return the prefix of each HTTP and REST API of a stack by its id: the stack's name, and the API's if several."""
    apis = [
        logical_id
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in _KINDS and not _is_websocket(resource) and logical_id in physical_ids
    ]
    return {
        physical_ids[logical_id]: f"/{stack}" if len(apis) == 1 else f"/{stack}/{logical_id}" for logical_id in apis
    }


def upstream_routes(prefixes: Mapping[str, str]) -> dict[str, str]:
    """Return the emulator's path of each prefix."""
    return {prefix: f"{_UPSTREAM}{api}" for api, prefix in prefixes.items()}


def local_address(value: str, prefixes: Mapping[str, str], front: str, endpoint_url: str) -> str:
    """Return an output with the addresses of APIs on this machine; `front` is the origin of the front proxy."""

    def address(match: re.Match[str]) -> str:
        scheme, api = match[1], match[2]
        if scheme.startswith("ws"):
            return f"ws://{endpoint_url.partition('://')[2]}{_UPSTREAM}{api}"
        return f"{front}{prefixes[api]}" if api in prefixes else match[0]

    return re.sub(r"(https?|wss?)://([a-z0-9]+)\.execute-api\.[A-Za-z0-9.:-]+", address, value)


def _is_websocket(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("Properties", {}).get("ProtocolType") == "WEBSOCKET")
