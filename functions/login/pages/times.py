"""Times for people: UTC, in a form that every language reads."""

from __future__ import annotations

from datetime import UTC, datetime

import htpy as h


def show_time(at: int) -> h.Element:
    """Return service time in whole seconds as a date with minutes in UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    return h.time(datetime=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))[moment.strftime("%Y-%m-%d %H:%M UTC")]
