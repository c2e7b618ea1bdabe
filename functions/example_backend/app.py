"""Returns the caller, as the authorizer describes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the caller; an HTTP API nests the context of a Lambda authorizer under `lambda`, a REST API does not."""
    authorizer = event["requestContext"].get("authorizer", {})
    caller = authorizer.get("lambda", authorizer)
    now = datetime.now(UTC).isoformat()  # noqa: TID251 - Lambda counts a line as INFO unless it has a time
    print(
        json.dumps({"timestamp": now, "level": "INFO", "event": "example_called", "client_id": caller.get("client_id")})
    )
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({name: caller.get(name) for name in ("sub", "client_id", "scope")}),
    }
