"""Waiting for what AWS does a little later: a route that was just made, a line of a log, an alarm."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_Value = TypeVar("_Value")


def eventually(
    look: Callable[[], _Value], is_there: Callable[[_Value], bool], *, seconds: float, pause: float = 1.0
) -> tuple[_Value, float]:
    """Look until what is seen is as expected, or the time is over; return what was seen last, and after how long.

    It asserts nothing: the report gets each observation, expected or otherwise.
    """
    started = time.monotonic()
    while True:
        value = look()
        waited = time.monotonic() - started
        if is_there(value) or waited + pause > seconds:
            return value, round(waited, 1)
        time.sleep(pause)
