"""Traffic on the embedded stack: processes that issue and authorize, and the record of what they saw.

All times are seconds since the epoch by this machine's clock, which the stack goes by too.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import httpx
import jwt

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.integration.http import CLIENT, ask, call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from local.stack_file import StackFile

TOKEN, JWKS = "token", "jwks"
ATTEMPTS = 2
_PATIENCE = 60
_AWAITED = 4
_REST = 0.15  # seconds between rounds: traffic that fills the processors meets time-outs instead of rules
_SPAWN = multiprocessing.get_context("spawn")  # a fork would share the connections of this process


class Token(NamedTuple):
    """The record of an access token, without its text."""

    jti: str
    kid: str
    algorithm: str
    asked_at: float
    obtained_at: float
    expires_at: int


class Answer(NamedTuple):
    """The answer to one request: `target` is an API's name, TOKEN or JWKS, `token` what it was called with."""

    target: str
    sent_at: float
    answered_at: float
    status: int
    attempt: int
    token: Token | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether it says that the token is not good."""
        return self.status in {401, 403}


def read_token(raw: str, asked_at: float, obtained_at: float) -> Token:
    """Return the record of a token."""
    header, claims = jwt.get_unverified_header(raw), jwt.decode(raw, options={"verify_signature": False})
    return Token(claims["jti"], header["kid"], header["alg"], asked_at, obtained_at, claims["exp"])


class KeySetCopy(NamedTuple):
    """A copy of the JWKS; its age counts from the request on (RFC 9111 §4.2.3)."""

    asked_at: float
    answered_at: float
    kids: frozenset[str]


class Worker(Protocol):
    """The repeated task of one process."""

    record: Record

    def do_round(self) -> None:
        """Do it once."""


class Rejection(NamedTuple):
    """A new token that a verifier with a cached JWKS did not take, and why."""

    token: Token
    reason: str


@dataclass(slots=True)
class Record:
    """Observations of one process, or of all."""

    answers: list[Answer] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    copies: list[KeySetCopy] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def __add__(self, other: Record) -> Record:
        """Return both records in one."""
        return Record(
            self.answers + other.answers,
            self.tokens + other.tokens,
            self.copies + other.copies,
            self.rejections + other.rejections,
        )


class Caller:
    """One client of the stack, which repeats once what a 5xx answered and records every attempt."""

    def __init__(self, stack: StackFile) -> None:
        self.stack = stack
        self.record = Record()

    def get_token(self) -> tuple[str, Token] | None:
        """Return a new token, its text and its record, or None after an answer without one."""
        answer = self._exchange(TOKEN, lambda: ask(self.stack))
        if answer.status_code != httpx.codes.OK:
            return None
        raw: str = answer.json()["access_token"]
        last = self.record.answers[-1]
        token = read_token(raw, last.sent_at, last.answered_at)
        self.record.tokens.append(token)
        return raw, token

    def get_key_set(self) -> jwt.PyJWKSet | None:
        """Return a new copy of the JWKS, or None after an answer without one."""
        answer = self._exchange(JWKS, lambda: CLIENT.get(self.stack.outputs["JwksUrl"]))
        if answer.status_code != httpx.codes.OK:
            return None
        keys, last = answer.json(), self.record.answers[-1]
        kids = frozenset(key["kid"] for key in keys["keys"])
        self.record.copies.append(KeySetCopy(last.sent_at, last.answered_at, kids))
        return jwt.PyJWKSet.from_dict(keys)

    def call(self, api: str, raw: str, token: Token) -> None:
        """Call a protected API."""
        self._exchange(api, lambda: call(self.stack.apis[api], raw), token)

    def _exchange(self, target: str, send: Callable[[], httpx.Response], token: Token | None = None) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            sent_at = wall_seconds()
            answer = send()
            self.record.answers.append(Answer(target, sent_at, wall_seconds(), answer.status_code, attempt, token))
            if not answer.is_server_error:
                break
            time.sleep(float(answer.headers.get("Retry-After", 0)))
        return answer


class ApiClient(Caller):
    """Asks for tokens, and calls one API with the newest, the oldest and one between, each until it expires."""

    def __init__(self, stack: StackFile, api: str) -> None:
        super().__init__(stack)
        self._api = api
        self._live: dict[str, Token] = {}

    def do_round(self) -> None:
        """Ask for one token and make up to three calls."""
        if (issued := self.get_token()) is not None:
            self._live.update([issued])
        self._live = {raw: token for raw, token in self._live.items() if wall_seconds() < token.expires_at}
        held = list(self._live)
        for raw in dict.fromkeys(held[index] for index in (-1, 0, len(held) // 2) if held):
            self.call(self._api, raw, self._live[raw])


class ForeignVerifier(Caller):
    """Verifies new tokens by the oldest copy of the JWKS that it may still use, at most `longest_cache` seconds old."""

    def __init__(self, stack: StackFile, longest_cache: float) -> None:
        super().__init__(stack)
        self._longest_cache = longest_cache
        self._held: list[tuple[float, jwt.PyJWKSet]] = []

    def do_round(self) -> None:
        """Get one copy and verify one token."""
        if (keys := self.get_key_set()) is not None:
            self._held.append((self.record.copies[-1].asked_at, keys))
        issued, now = self.get_token(), wall_seconds()
        self._held = [(asked_at, keys) for asked_at, keys in self._held if now - asked_at <= self._longest_cache]
        if issued is None or not self._held:
            return
        raw, token = issued
        _, oldest = self._held[0]
        try:
            key = oldest[token.kid]
            jwt.decode(raw, key, algorithms=[token.algorithm], issuer=self.stack.issuer, audience=self.stack.audience)
        except (KeyError, jwt.PyJWTError) as error:
            self.record.rejections.append(Rejection(token, repr(error)))


class TokenHolder(Caller):
    """Calls one API with tokens that end one after the other: most with those that end next, and some with any."""

    def __init__(self, stack: StackFile, api: str, tokens: Sequence[tuple[str, Token]]) -> None:
        super().__init__(stack)
        self._api = api
        self._held = list(tokens)
        self._good = list(tokens)
        self._next = list(tokens)

    def do_round(self) -> None:
        """Call with every token once, and from then on with those that end next, and with any one."""
        for raw, token in self._next:
            self.call(self._api, raw, token)
            if self.record.answers[-1].is_refusal:
                self._good = [held for held in self._good if held[0] != raw]
        self._next = [*self._good[:_AWAITED], random.choice(self._held)]


def work(worker: Worker, parent: Connection, rest: float) -> None:
    """Go on until the parent process says anything, or is no more: say so after the first round, then hand over."""
    worker.do_round()
    parent.send("at work")
    while not parent.poll(rest):
        worker.do_round()
    parent.send(worker.record)


class Traffic:
    """A process for each worker, from `start` to `stop`, and to the end of `with` at most."""

    def __init__(self, workers: Sequence[Worker], *, rest: float = _REST) -> None:
        """Take the workers, each of which one process gets a copy of; it rests between rounds, in seconds."""
        self._workers = workers
        self._rest = rest
        self._processes: list[tuple[BaseProcess, Connection]] = []

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *exception: object) -> None:
        for process, connection in self._processes:
            process.kill()
            process.join()
            connection.close()

    def start(self) -> None:
        """Start all processes and wait until each works; raises EOFError for one that broke and printed why."""
        for worker in self._workers:
            ours, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=work, args=(worker, theirs, self._rest), daemon=True)
            process.start()
            theirs.close()  # so that a process that breaks is the end of the file here
            self._processes.append((process, ours))
        self._receive()

    def stop(self) -> Record:
        """Stop all processes and return their records; raises EOFError, OSError for one that broke."""
        for _, connection in self._processes:
            connection.send("stop")
        return sum(self._receive(), start=Record())

    def _receive(self) -> list[Any]:
        for process, connection in self._processes:
            assert connection.poll(_PATIENCE), f"{process.name} says nothing"
        return [connection.recv() for _, connection in self._processes]
