"""P9's input: a feed as its writer writes it and DynamoDB pages it."""

from __future__ import annotations

import json

from benchmarks.item_size import item_bytes
from benchmarks.live_revocations import PAGE_BYTES, TOKEN, client_pages, feed_items, feed_pages, load
from keyturn.domain.revocations.revocation import is_revoked, targets_of
from tests.fakes.token_factory import NOW


def test_pages_hold_what_the_reader_asks_for_and_no_more_than_dynamodb_answers() -> None:
    """A page is a megabyte of stored items, less the attributes outside of the projection, and names the next page."""
    items = feed_items(7000)
    first, last = (json.loads(page) for page in feed_pages(items))
    sizes = [item_bytes(item) for item in items]
    count = first["Count"]
    assert sum(sizes[:count]) <= PAGE_BYTES < sum(sizes[: count + 1])
    assert set(first["Items"][0]) == {"sk", "v", "target"}
    assert ("LastEvaluatedKey" in first, "LastEvaluatedKey" in last) == (True, False)


def test_what_is_loaded_is_all_of_it() -> None:
    """Each revocation of the feed is in the snapshot, whatever page it came with."""
    assert len(load(feed_pages(feed_items(7000)))) == 7000


def test_a_whole_client_is_one_item() -> None:
    """R49: the one item of its feed refuses each token that was issued to the client."""
    snapshot = load(client_pages())
    assert len(snapshot) == 1
    assert is_revoked(TOKEN, snapshot.find(targets_of(TOKEN)), NOW)
