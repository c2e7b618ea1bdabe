"""Log events as single lines of JSON without secrets (R66); Lambda adds the time."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

REDACTED = "[redacted]"

_SECRET_NAME = re.compile("secret|token|password|authorization|assertion|cookie|credential|verifier", re.IGNORECASE)
# A compact JWS or JWE: its first part is JSON, a brace and then a quote or a blank, hence "ew…" or "ey…". Any three
# long parts of base64url match as well. The look-behind keeps the search linear in the text of an attacker.
_TOKEN = re.compile(
    r"(?<![\w-])(?:e[wy][\w-]*+\.[\w-]*+\.[\w-]*+|[\w-]{16,}+\.[\w-]{16,}+\.[\w-]{16,}+)(?:\.[\w-]*+)*+",
    re.ASCII,
)

# json.dumps would create an encoder for each line.
_encode = json.JSONEncoder(default=str).encode


def log_event(level: str, event: str, **fields: Any) -> None:
    """Write one line to stdout: the level, the event's name, the fields that are not None, redacted (R66).

    JSON escapes line breaks, so that no field can begin a second line.
    """
    line: dict[str, Any] = {"level": level, "event": event}
    line |= {name: _redact(name, value) for name, value in fields.items() if value is not None}
    sys.stdout.write(_encode(line) + "\n")
    sys.stdout.flush()


def place_of(error: BaseException) -> str:
    """Return the file and line that raised the error: its message is not logged, since it may quote input."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _redact(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, dict):
        return {key: _redact(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redact("", each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _TOKEN.sub(REDACTED, str(value))
