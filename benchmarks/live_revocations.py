"""The cost of 20,000 live revocations in a sandbox: their memory, a look-up, and their load.

The feed comes as DynamoDB's pages, through the authorizer's own client and reader: all but the network.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from statistics import median
from typing import Any, NamedTuple

from benchmarks.goals import Figure
from benchmarks.item_size import item_bytes
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.revocations.dynamodb_revocation_feed import DynamoDbRevocationFeed
from keyturn.adapters.revocations.revocation_feed_item import Cause, feed_item
from keyturn.domain.base64url import encode
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind, targets_of
from keyturn.domain.revocations.revocation_snapshot import MAX_REVOCATIONS, RevocationSnapshot
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.counted_dynamodb import CountedDynamoDB
from tests.fakes.token_factory import NOW, good_claims

HORIZON = 3610
ROUNDS = 7
LOOK_UPS = 50_000
PAGE_BYTES = 1 << 20  # of items as they are stored; what the projection leaves out counts
_PROJECTED = ("sk", "v", "target", "not_before")


class Token(NamedTuple):
    """The targets that a user's verified token is looked up by."""

    jti: str
    subject: str
    client_id: str
    grant_id: str | None
    session_id: str | None
    issued_at: int
    kid: str


_CLAIMS = good_claims()
TOKEN = Token(_CLAIMS["jti"], _CLAIMS["sub"], _CLAIMS["client_id"], None, None, NOW, "kid")


def feed_items(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return the stored feed items of so many revoked tokens, spread over the longest token lifetime."""
    random = Random(seed)
    cause = Cause("logout", "client:" + "c" * 22)
    items = []
    for number in range(count):
        written_at = NOW - HORIZON + number * HORIZON / count
        target = Target.of(TargetKind.TOKEN, encode(random.randbytes(16)))
        revocation = Revocation(target, expires_at=int(written_at) + HORIZON)
        feed_id = random.randbytes(8).hex()
        items.append(feed_item(revocation, cause, feed_id=feed_id, now=written_at, expires_at=written_at + HORIZON))
    return items


def revoked_ids(items: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the tokens that these feed items revoke."""
    return [item["target"]["S"].removeprefix("jti#") for item in items]


def feed_pages(items: list[dict[str, Any]]) -> list[bytes]:
    """Return the bodies of DynamoDB's responses to the reader's Query."""
    pages: list[list[dict[str, Any]]] = [[]]
    size = 0
    for item in items:
        size += item_bytes(item)
        if size > PAGE_BYTES:
            pages.append([])
            size = item_bytes(item)
        pages[-1].append(item)
    return [_page(page, last=page is pages[-1]) for page in pages]


def _page(items: list[dict[str, Any]], *, last: bool) -> bytes:
    projected = [{name: item[name] for name in _PROJECTED if name in item} for item in items]
    body: dict[str, Any] = {"Count": len(items), "Items": projected, "ScannedCount": len(items)}
    if not last:
        body["LastEvaluatedKey"] = {name: items[-1][name] for name in ("pk", "sk")}
    return json.dumps(body, separators=(",", ":")).encode()


def client_pages() -> list[bytes]:
    """Return the feed after a whole client was revoked."""
    revocation = Revocation(Target.of(TargetKind.CLIENT, TOKEN.client_id), expires_at=NOW + HORIZON, not_before=NOW)
    cause = Cause("leaked", "operator")
    return feed_pages([feed_item(revocation, cause, feed_id="0" * 16, now=NOW, expires_at=NOW + HORIZON)])


def load(pages: list[bytes]) -> RevocationSnapshot:
    """Return a snapshot that was read from these pages, as the authorizer's first refresh reads it."""
    dynamodb = DynamoDb("https://dynamodb.example", ENVIRON, lambda: NOW, CountedDynamoDB(*pages))
    feed = DynamoDbRevocationFeed(dynamodb, "revocations", copy=7)
    snapshot = RevocationSnapshot(HORIZON)
    now, snapshot.global_revocation = feed.global_revocation()
    snapshot.add(feed.entries(snapshot.begin(now), now))
    snapshot.complete(now)
    return snapshot


def _weigh(pages: list[bytes]) -> float:
    """Return the megabytes (10⁶) that a snapshot holds once it is loaded."""
    load(pages)  # a first load fills caches that are no part of the snapshot
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        snapshot = load(pages)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(snapshot) == MAX_REVOCATIONS
    return held / 1e6


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _look_up(snapshot: RevocationSnapshot) -> None:
    targets = targets_of(TOKEN)
    find = snapshot.find
    for _ in range(LOOK_UPS):
        find(targets)


def _bare_look_up(known: dict[str, int]) -> None:
    key = f"jti#{TOKEN.jti}"
    get = known.get
    for _ in range(LOOK_UPS):
        get(key)


def live_revocations() -> tuple[list[Figure], str]:
    """Return the figures (CPU time, rounds interleaved), and a line on what parsing alone and a bare look-up cost."""
    items = feed_items(MAX_REVOCATIONS)
    pages = feed_pages(items)
    snapshot = load(pages)
    known = {item["target"]["S"]: NOW for item in items}
    rounds: dict[str, list[float]] = {"load": [], "parse": [], "find": [], "get": []}
    for _ in range(ROUNDS):
        rounds["load"].append(1e3 * _cpu(lambda: load(pages)))
        rounds["parse"].append(1e3 * _cpu(lambda: [json.loads(page) for page in pages]))
        rounds["find"].append(1e6 / LOOK_UPS * _cpu(lambda: _look_up(snapshot)))
        rounds["get"].append(1e6 / LOOK_UPS * _cpu(lambda: _bare_look_up(known)))
    middle = {name: median(values) for name, values in rounds.items()}
    spread = {name: (min(values), max(values)) for name, values in rounds.items()}
    wire = sum(map(len, pages)) / 1e6
    kinds = ", ".join(f"`{Target(key).kind}`" for key in targets_of(TOKEN))
    note = (
        f"The load reads {len(pages)} pages, which are {wire:.1f} MB of JSON; a stored item has {item_bytes(items[0])} "
        f"bytes. Parsing alone takes {middle['parse']:.1f} ms of the load. "
        f"A bare `dict.get` takes {middle['get']:.3f} µs. "
        f"A look-up reads all targets of a token: {kinds}."
    )
    return [
        Figure("P9", "a whole client is revoked", "items", 1, 1, len(load(client_pages()))),
        Figure("P9", "memory of 20,000 live revocations", "MB", 4, 2, _weigh(pages)),
        Figure("P9", "look-up of a token", "µs", 0.5, 0.2, middle["find"], spread["find"]),
        Figure("P9", "load, CPU", "ms", 60, 30, middle["load"], spread["load"]),
    ], note
