"""Our whole Lambda function, warm: what `lambda_handler` does for an event once a snapshot of revocations is in memory.

Only the network is missing: DynamoDB's responses are prepared bytes. The clocks are the machine's own. Sampled
lines are written and flushed, and caches are renewed when they are due.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from itertools import repeat
from typing import Any
from unittest.mock import patch

from authorizer import bootstrap as root
from authorizer.app import lambda_handler
from authorizer.revocation_cache import RevocationCache
from authorizer.token_memo import TokenMemo
from benchmarks.live_revocations import feed_items, feed_pages
from benchmarks.material import Material, first_seen_events
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.domain.revocations.revocation_snapshot import MAX_REVOCATIONS
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.counted_dynamodb import CountedDynamoDB

# The longest that a deployment may choose, so that a run meets one renewal at most.
_BOUND = "300"


def keyturn_decision(
    material: Material, *, log_percent: int = 10, first_seen: bool = False
) -> Callable[[], dict[str, Any]]:
    """Return a warm decision, with 20,000 ids revoked; changes the environment of this process.

    `log_percent` is how many allowed requests in a hundred write a line: 10 is what the template chooses. `first_seen`:
    each decision is about a token that the sandbox does not remember.
    """
    dynamodb = compose(material, log_percent)
    events = first_seen_events(material) if first_seen else repeat(material.event)
    # The first request asks for its own revocations, the second one reads the feed.
    for _ in range(3):
        lambda_handler(next(events), None)
    asked = len(dynamodb.operations)
    lambda_handler(next(events), None)
    assert (len(dynamodb.operations), _held()) == (asked, MAX_REVOCATIONS), "the decision is not one of a full snapshot"
    assert (len(memo()) == 0) is first_seen, "the tokens are not remembered as the decision is named"
    if not first_seen:
        event = material.event
        return lambda: lambda_handler(event, None)
    return lambda: lambda_handler(next(events), None)


def compose(material: Material, log_percent: int = 10) -> CountedDynamoDB:
    """Compose the authorizer on prepared answers of DynamoDB, and return what answers."""
    dynamodb = CountedDynamoDB(*_full_feed(), ring=material.ring)
    os.environ.update(ENVIRON | {"REVOCATION_MODE": "snapshot", "REVOCATION_BOUND_SECONDS": _BOUND})
    os.environ["ALLOWED_LOG_PERCENT"] = str(log_percent)
    root.bootstrap.cache_clear()
    with patch.object(root, "DynamoDb", partial(DynamoDb, connect=dynamodb)):
        root.bootstrap()
    return dynamodb


def memo() -> TokenMemo:
    """Return the memo of the composed authorizer."""
    return root.bootstrap().authorizer._memo


@cache
def _full_feed() -> list[bytes]:
    return feed_pages(feed_items(MAX_REVOCATIONS))


def _held() -> int:
    """Return how many revocations the composed authorizer has in memory."""
    cache = root.bootstrap().authorizer._revocations
    assert isinstance(cache, RevocationCache)
    return len(cache._snapshot)
