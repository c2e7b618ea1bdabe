"""Log events as single lines of JSON without secrets, as Lambda's log-level filter reads them."""

from __future__ import annotations

import json
import re
import sys
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    # The names of Lambda's filter (ApplicationLogLevel), in upper case as its runtime writes them.
    Level: TypeAlias = Literal["INFO", "WARN", "ERROR"]

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


def log_event(level: Level, event: str, **fields: Any) -> None:
    """Write one line to stdout: time, level, the event's name, the fields that are not None, redacted.

    JSON escapes line breaks, so that no field can begin a second line. Lambda counts a line as INFO unless it has a
    time of RFC 3339.
    """
    members = [f'"timestamp": "{_timestamp()}", "level": "{level}", "event": "{event}"']
    # One allowed request in ten writes a line: json's own way, over a dictionary, costs it twice as much.
    members += [f'"{name}": {_member(name, value)}' for name, value in fields.items() if value is not None]
    sys.stdout.write(f"{{{', '.join(members)}}}\n")
    sys.stdout.flush()


def _member(name: str, value: Any) -> str:
    """Return the JSON text of a field's value, redacted."""
    if isinstance(value, str) and not _SECRET_NAME.search(name):
        return encode_basestring_ascii(_redact_text(value))
    return _encode(_redact(name, value))


def _timestamp() -> str:
    now = time.time()  # noqa: TID251 - the time of writing is for people and for Lambda, and no decision reads it
    second = int(now)
    return f"{_text_of(second)}.{int((now - second) * 1000):03d}Z"


@lru_cache(maxsize=1)
def _text_of(second: int) -> str:
    """Return the date and time of a second: a busy sandbox writes several lines in each."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def place_of(error: BaseException) -> str:
    """Return the file and line that raised the error: its message is not logged, since it may quote input."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def log_not_prepared(fault: Exception) -> None:
    """Log that a sandbox's start failed; its first request does the same work again (ADR 42)."""
    ours = isinstance(fault, KeyturnError)
    # A library's text may hold a secret.
    detail, place = (str(fault), None) if ours else (None, place_of(fault))
    log_event("WARN", "not_prepared", fault=type(fault).__name__, detail=detail, place=place)


def _redact(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, dict):
        return {key: _redact(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redact("", each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _redact_text(str(value))


def _redact_text(text: str) -> str:
    # A token has two dots or more: most fields cost no search.
    return _TOKEN.sub(REDACTED, text) if text.count(".") > 1 else text
