"""DynamoDB on a bad day: a proxy that throttles, fails, hangs up, is silent, slow, or passes on part of the answer.

The emulator takes its own Host alone, and a signature covers the Host. So the proxy signs each call again, as root.
"""

from __future__ import annotations

import enum
import itertools
import json
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.aws.sigv4 import Credentials, sign
from local.forwarding import ForwardingHandler, ForwardingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from local.stack_file import StackFile

# The client gives up on a silence of half a second.
_SILENCE = 0.8
_LATENESS = 0.4
_DRIPS, _DRIP_PAUSE = 8, 0.3
_LONGEST_WAIT = 60


class Kind(enum.StrEnum):
    """The fault of one call."""

    NONE = "none"
    THROTTLED = "throttled"
    FAILED = "failed"
    CLOSED = "closed"
    SILENT = "silent"
    LATE = "late"  # read at once, answered later
    DRIPPED = "dripped"  # read at once, answered byte by byte, so that no single wait is long
    PARTIAL = "partial"


class Fault(NamedTuple):
    """A kind; for PARTIAL the positions of the keys that a BatchGetItem leaves unprocessed. A Query ends half way."""

    kind: Kind
    positions: Collection[int] = ()


_FAULTS = [kind for kind in Kind if kind is not Kind.NONE]
NO_FAULT = Fault(Kind.NONE)


class Weather:
    """Which fault each call meets in a storm: for a while mixed ones, then one kind for all calls, in turn.

    `met` counts the calls of each kind.
    """

    def __init__(self, seed: int) -> None:
        """Begin calm."""
        self.met: Counter[Kind] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._turns = itertools.cycle(_FAULTS)
        self._stormy = False
        self._until = 0.0
        self._outage: Kind | None = None

    def storm(self) -> None:
        """Let the faults begin."""
        self._stormy = True

    def calm(self) -> None:
        """End the faults once calls have met every kind, or after a while with too few calls for that."""
        deadline = time.monotonic() + _LONGEST_WAIT
        while self._stormy and len(self.met) < len(Kind) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._stormy = False

    def __call__(self, _operation: str, request: dict[str, Any]) -> Fault:
        """Return the fault of this call."""
        with self._lock:
            kind = self._next() if self._stormy else Kind.NONE
            self.met[kind] += 1
            keys = sum(len(table["Keys"]) for table in request.get("RequestItems", {}).values())
            left_out = self._random.sample(range(keys), self._random.randint(1, keys)) if keys else []
            return Fault(kind, left_out)

    def _next(self) -> Kind:
        now = time.monotonic()
        if now >= self._until:
            self._outage = next(self._turns) if self._outage is None else None
            self._until = now + self._random.uniform(0.4, 1.4) * (1 if self._outage is None else 2.5)
        if self._outage is not None:
            return self._outage
        return min(_FAULTS, key=self.met.__getitem__) if self._random.random() < 0.25 else Kind.NONE


class FaultyDynamoDB(ForwardingServer):
    """A server on a port of its own; `faults` says what happens to a call, by its operation and request."""

    def __init__(self, stack: StackFile, faults: Callable[[str, dict[str, Any]], Fault]) -> None:
        self.faults = faults
        self.region = stack.emulator["region"]
        self.root = Credentials(stack.emulator["access_key_id"], stack.emulator["secret_access_key"], None)
        super().__init__(("127.0.0.1", 0), _Handler, int(stack.emulator["endpoint_url"].rpartition(":")[2]))

    @property
    def origin(self) -> str:
        """The URL to call it by."""
        return f"http://127.0.0.1:{self.port}"


class _Handler(ForwardingHandler):
    server: FaultyDynamoDB

    def do_POST(self) -> None:  # noqa: N802 - the base class calls it so
        body = self._read_body()
        request = json.loads(body)
        fault = self.server.faults(self.headers["X-Amz-Target"].rpartition(".")[2], request)
        if fault.kind is Kind.THROTTLED:
            return self._answer(*_error(400, "ProvisionedThroughputExceededException"))
        if fault.kind is Kind.FAILED:
            return self._answer(*_error(500, "InternalServerError"))
        self._sign(body)
        status, headers, answer = self.forward("/", body)
        if fault.kind in {Kind.CLOSED, Kind.SILENT}:
            time.sleep(_SILENCE if fault.kind is Kind.SILENT else 0)
            self.close_connection = True
            return None
        if fault.kind is Kind.LATE:
            time.sleep(_LATENESS)
        if fault.kind is Kind.PARTIAL and status == 200:
            answer = json.dumps(_part(request, json.loads(answer), set(fault.positions))).encode()
        return self._answer(status, headers, answer, dripped=fault.kind is Kind.DRIPPED)

    def _sign(self, body: bytes) -> None:
        host = f"127.0.0.1:{self.server.upstream_port}"
        headers = {"Host": host, **{name: self.headers[name] for name in ("X-Amz-Target", "Content-Type")}}
        amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        region, root = self.server.region, self.server.root
        signed = sign(headers, body, service="dynamodb", region=region, amz_date=amz_date, credentials=root)
        del self.headers["X-Amz-Security-Token"]
        for name, value in signed.items():
            del self.headers[name]
            self.headers[name] = value

    def _answer(self, status: int, headers: list[tuple[str, str]], answer: bytes, *, dripped: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        step = len(answer) // _DRIPS + 1 if dripped else len(answer)
        for start in range(0, len(answer), step):
            if start:
                time.sleep(_DRIP_PAUSE)
            self.wfile.write(answer[start : start + step])
            self.wfile.flush()


def _error(status: int, code: str) -> tuple[int, list[tuple[str, str]], bytes]:
    return status, [("content-type", "application/x-amz-json-1.0")], json.dumps({"__type": code}).encode()


def _part(request: dict[str, Any], answer: dict[str, Any], positions: set[int]) -> dict[str, Any]:
    """Return the answer without what the positions name, and with the word of what is missing."""
    if "Responses" in answer:
        return _without(request, answer, positions)
    items = answer.get("Items", [])
    if len(items) < 2:
        return answer
    kept = items[: len(items) // 2]
    last = {"pk": request["ExpressionAttributeValues"][":day"], "sk": kept[-1]["sk"]}
    return answer | {"Items": kept, "Count": len(kept), "LastEvaluatedKey": last}


def _without(request: dict[str, Any], answer: dict[str, Any], positions: set[int]) -> dict[str, Any]:
    [(table, asked)] = request["RequestItems"].items()
    left_out = [key for position, key in enumerate(asked["Keys"]) if position in positions]
    items = [
        item for item in answer["Responses"].get(table, []) if not any(key.items() <= item.items() for key in left_out)
    ]
    unprocessed = {table: asked | {"Keys": left_out}} if left_out else {}
    return answer | {"Responses": {table: items}, "UnprocessedKeys": unprocessed}
