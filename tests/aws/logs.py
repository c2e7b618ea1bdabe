"""Lines that the functions and the issuer's API wrote into their log groups."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.stack import aws


def read_log(group: str, since: float = 0.0) -> list[str]:
    """Return the messages of a log group from a time on, in seconds since the epoch."""
    pages = aws("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since * 1000))
    return [event["message"] for page in pages for event in page["events"]]


def read_events(group: str, since: float = 0.0) -> list[dict[str, Any]]:
    """Return those messages that are JSON objects."""
    return [parsed for message in read_log(group, since) if (parsed := _parse(message)) is not None]


def _parse(message: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(message)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
