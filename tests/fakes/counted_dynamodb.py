"""The reads of DynamoDB by the authorizer, with prepared answers and counted operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.http import Answer, HttpConnection
from keyturn.adapters.keys.key_ring_item import ring_to_item
from tests.fakes.stub_key_ring import ring_of

DATE = "Mon, 21 Sep 2026 14:13:20 GMT"  # token_factory.NOW


class CountedDynamoDB:
    """Opens connections for DynamoDb; `operations` are what was asked of which table, `requests` all of it.

    `pages` are the bodies of a feed, one for each Query; `unprocessed` is how many reads of revocations are answered
    with a key left out. `ring` is a key ring's item, by default that of the default key. `before` runs before each
    answer, with the operation and its table: it may raise, or let time pass. `date` is the Date of the answers.
    """

    def __init__(self, *pages: bytes, ring: dict[str, Any] | None = None) -> None:
        self.operations: list[tuple[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self.unprocessed = 0
        self.before: Callable[[str, str], None] = lambda operation, table: None
        self.date = DATE
        self._pages = list(pages)
        self._ring = ring or encode_item(ring_to_item(ring_of()))

    def __call__(self, origin: str) -> HttpConnection:
        """Open one more connection."""
        return _Connection(self)

    def answer(self, operation: str, body: bytes) -> bytes:
        """Return the body of an answer."""
        request = json.loads(body)
        table = request.get("TableName") or next(iter(request["RequestItems"]))
        self.operations.append((operation, table))
        self.requests.append(request)
        self.before(operation, table)
        if operation == "Query":
            return self._pages.pop(0) if self._pages else b'{"Items": []}'
        return json.dumps({} if operation == "GetItem" else self._batch(table, request)).encode()

    def _batch(self, table: str, request: dict[str, Any]) -> dict[str, Any]:
        if table == "rings":
            return {"Responses": {table: [self._ring]}, "UnprocessedKeys": {}}
        keys = request["RequestItems"][table]["Keys"]
        left_out = {table: {"Keys": keys[:1]}} if self.unprocessed else {}
        self.unprocessed -= bool(left_out)
        return {"Responses": {table: []}, "UnprocessedKeys": left_out}


class _Connection(HttpConnection):
    def __init__(self, dynamodb: CountedDynamoDB) -> None:
        super().__init__("https://counted.invalid", 1)
        self._dynamodb = dynamodb

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        operation = headers["X-Amz-Target"].partition(".")[2]
        answer = self._dynamodb.answer(operation, body)
        return Answer(200, self._dynamodb.date, answer)
