"""Where a warm decision spends its time: each part is timed in its place, with the caches as the others leave them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from statistics import median
from typing import Any
from unittest.mock import patch

import authorizer.app
import authorizer.authorize
from authorizer import token_memo
from benchmarks.keyturn_decision import keyturn_decision
from benchmarks.material import Material
from keyturn.jose import compact, verification_key, verify

WHOLE = "the whole decision"
DECISIONS = 1400
# Where each part is looked up by its caller, and under which name it is shown.
PARTS: tuple[tuple[Any, str, str], ...] = (
    (authorizer.app, "parse_request", "read the event"),
    (authorizer.authorize.Authorizer, "begin", "find the API's rules"),
    (authorizer.authorize, "bearer_token", "find the one token"),
    (token_memo.TokenMemo, "read", "verify the token and remember it, all of it"),
    (token_memo, "UnverifiedToken", "read its form and header"),
    (token_memo, "check_signed", "verify it but for its times"),
    (compact.UnverifiedToken, "payload", "… decode the payload"),
    (compact.UnverifiedToken, "signature", "… decode the signature"),
    (verification_key.EcdsaKey, "_is_valid", "… `cryptography`, and the signature as DER"),
    (verify, "parse_object", "… read the claims strictly"),
    (verify, "check_access_token", "… check the claims"),
    (authorizer.authorize.Authorizer, "_check_revocations", "look for revocations"),
    (authorizer.authorize, "_check_rules", "apply the rules"),
    (authorizer.app, "allow", "write the answer"),
)


class _Stopwatch:
    def __init__(self) -> None:
        self.spent: dict[str, list[int]] = {}

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        spent, clock = self.spent.setdefault(name, []), time.perf_counter_ns

        def timed(*arguments: Any, **options: Any) -> Any:
            started = clock()
            try:
                return function(*arguments, **options)
            finally:
                spent.append(clock() - started)

        return timed


def profile(material: Material) -> dict[str, float]:
    """Return microseconds by part, medians; the stopwatches themselves add some to the parts that hold others."""
    watch = _Stopwatch()
    with ExitStack() as stack, open(os.devnull, "w") as sink:
        stack.enter_context(redirect_stdout(sink))
        stack.enter_context(patch.dict("os.environ"))
        decide = keyturn_decision(material, first_seen=True)
        whole = watch.around(WHOLE, decide)
        for _ in range(DECISIONS):
            whole()
        for owner, name, title in PARTS:
            stack.enter_context(patch.object(owner, name, watch.around(title, getattr(owner, name))))
        for _ in range(DECISIONS):
            decide()
    return {title: median(spent) / 1000 for title, spent in watch.spent.items()}


def profile_table(parts: dict[str, float]) -> str:
    """Return the parts in Markdown."""
    lines = ["| part of a first-seen token's decision, ES256 | µs |", "|---|---|"]
    return "\n".join([*lines, *(f"| {title} | {spent:.1f} |" for title, spent in parts.items())])
