"""Our whole Lambda function, warm: what `lambda_handler` does for an event once a snapshot of revocations is in memory.

Only the network is missing: DynamoDB's answers are prepared bytes. The clocks are the machine's own. Sampled
lines are written and flushed, and caches are renewed when they are due.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

from authorizer import bootstrap as root
from authorizer.app import lambda_handler
from authorizer.revocation_cache import RevocationCache
from benchmarks.live_revocations import feed_items, feed_pages
from benchmarks.material import Material
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.domain.revocations.revocation_snapshot import MAX_REVOCATIONS
from tests.fakes.composed_authorizer import ENVIRON
from tests.fakes.counted_dynamodb import CountedDynamoDB

# The longest that a deployment may choose, so that a run meets one renewal at most.
_BOUND = "300"


def keyturn_decision(material: Material, log_percent: int = 10) -> Callable[[], object]:
    """Return a warm decision, with 20,000 ids revoked; changes the environment of this process.

    `log_percent` is how many allowed requests in a hundred write a line: 10 is what the template chooses.
    """
    dynamodb = CountedDynamoDB(*feed_pages(feed_items(MAX_REVOCATIONS)), ring=material.ring)
    os.environ.update(ENVIRON | {"REVOCATION_MODE": "snapshot", "REVOCATION_BOUND_SECONDS": _BOUND})
    os.environ["ALLOWED_LOG_PERCENT"] = str(log_percent)
    root.bootstrap.cache_clear()
    with patch.object(root, "DynamoDb", partial(DynamoDb, connect=dynamodb)):
        root.bootstrap()
    # The first request asks for its own revocations, the second one reads the feed.
    for _ in range(3):
        answer = lambda_handler(material.event, None)
        assert answer["isAuthorized"] is True
    asked = len(dynamodb.operations)
    lambda_handler(material.event, None)
    assert (len(dynamodb.operations), _held()) == (asked, MAX_REVOCATIONS), "the decision is not one of a full snapshot"
    return lambda: lambda_handler(material.event, None)


def _held() -> int:
    """Return how many revocations the composed authorizer has in memory."""
    cache = root.bootstrap().authorizer._revocations
    assert isinstance(cache, RevocationCache)
    return len(cache._snapshot)
