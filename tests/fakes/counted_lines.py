"""The work of a call, measured in lines that run: a measure that a busy machine does not change."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def count_lines(work: Callable[[], object], folders: tuple[str, ...], *refusals: type[Exception]) -> int:
    """Return how many lines of files below these folders run; `refusals` are errors that `work` may end with."""
    lines = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(folders):
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(*refusals):
            work()
    finally:
        sys.settrace(before)
    return lines
