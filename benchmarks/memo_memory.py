"""Memory of the authorizer's memo at its bound, filled with good tokens whose claims take the most memory.

Each token is the largest of its kind that is remembered. Our issuer signs such claims if an operator registers them.
"""

from __future__ import annotations

import gc
import json
import os
import tracemalloc
from contextlib import redirect_stdout
from typing import Any

from authorizer.app import lambda_handler
from authorizer.token_memo import MAX_BYTES, MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_LENGTH, TokenMemo
from benchmarks.goals import Figure
from benchmarks.keyturn_decision import compose, memo
from benchmarks.material import LIFETIME, Material, with_token
from benchmarks.progress import say
from tests.fakes.token_factory import NOW, key_set, make_token, policy, signing_key

_TOKENS = 700  # more than the memo holds
_REQUESTS = 2  # of a token, until it is remembered
_STEP = 16
_DEPTH = 12


def _text(size: int) -> Any:
    return "x" * size


def _objects(size: int) -> Any:
    return [{} for _ in range(size // 3)]


def _nested(size: int) -> Any:
    value: list[Any] = []
    for _ in range(_DEPTH):
        value = [value]
    return [value, *([] for _ in range(max(0, size - 2 * _DEPTH) // 3))]


def _strings(size: int) -> Any:
    return [f"{number:x}" for number in range(16, 16 + size // 5)]


def _numbers(size: int) -> Any:
    return [257 + number for number in range(size // 4)]


def _names(size: int) -> Any:
    return {f"{number:x}": None for number in range(16, 16 + size // 10)}


SHAPES = {
    "one long text": _text,
    "empty objects": _objects,
    "nested lists": _nested,
    "short texts": _strings,
    "numbers": _numbers,
    "short names": _names,
}


def adverse_claims(shape: str) -> dict[str, Any]:
    """Return the largest claims of this shape whose token is remembered."""
    size = _STEP
    claims = _claims(shape, size)
    while _is_remembered(longer := _claims(shape, size := size + _STEP)):
        claims = longer
    return claims


def _is_remembered(claims: dict[str, Any]) -> bool:
    token = adverse_token(claims, 0, NOW)
    if len(token) > MAX_LENGTH:
        return False
    remembered = TokenMemo()
    keys, wanted = key_set(signing_key("ES256")), policy()
    for _ in range(_REQUESTS):
        remembered.read(token, keys, wanted)
    return len(remembered) == 1


def adverse_token(claims: dict[str, Any], number: int, now: int) -> str:
    """Return a good token with these claims."""
    times = {"iat": now, "exp": now + LIFETIME}
    return make_token(key=signing_key("ES256"), claims={**times, "jti": f"{number:022}", **claims})


def _claims(shape: str, size: int) -> dict[str, Any]:
    value = SHAPES[shape](size)
    # Names at the top level are more adverse than those within a claim.
    return value if isinstance(value, dict) else {"custom": value}


def _held(material: Material, tokens: Any) -> float:
    """Return the megabytes (10⁶) that the authorizer holds more after decisions about these tokens."""
    compose(material, log_percent=0)
    for _ in range(3):
        lambda_handler(material.event, None)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for token in tokens:
            for _ in range(_REQUESTS):
                # Each event has texts of its own, as Lambda's runtime client makes them.
                event = json.loads(json.dumps(with_token(material.event, token)))
                assert lambda_handler(event, None)["isAuthorized"] is True
                del event
            del token
        gc.collect()
        assert len(memo()) == MAX_ENTRIES or memo().size > MAX_BYTES - MAX_ENTRY_BYTES, "the memo is not at its bound"
        return (tracemalloc.get_traced_memory()[0] - before) / 1e6
    finally:
        tracemalloc.stop()


def memo_memory(material: Material, now: int) -> tuple[list[Figure], str]:
    """Return the memory of the most adverse shape, and a table with every shape."""
    held = {}
    with open(os.devnull, "w") as sink, redirect_stdout(sink):
        for shape in SHAPES:
            say(f"memo: {shape}")
            claims = adverse_claims(shape)
            held[shape] = _held(material, (adverse_token(claims, number, now) for number in range(_TOKENS)))
        held["usual claims"] = _held(material, material.others[:_TOKENS])
    worst = max(held, key=lambda shape: held[shape])
    lines = ["| claims of the tokens in a full memo | MB |", "|---|---|"]
    table = "\n".join([*lines, *(f"| {shape} | {size:.2f} |" for shape, size in held.items())])
    return [Figure("P1c", f"memory of the memo at its bound ({worst})", "MB", 5, 3, held[worst])], table
