"""Parsers of option values: durations, claims, and keys in a file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import typer

from keyturn.jose import KeySet
from keyturn.jose.strict_json import parse_object

_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_MAX_REASON = 256
# The members of a public key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2); all others of a file are dropped.
_JWK_MEMBERS = ("kty", "kid", "alg", "use", "crv", "x", "y", "n", "e")


def read_standard_input() -> str:
    """Return the text of standard input; raises BadParameter for other bytes than UTF-8."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("standard input is not UTF-8 text") from None


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as 15m, 30d or 900; raises BadParameter."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter("a duration is a whole number and s, m, h or d, such as 15m or 30d")
    return int(match[1]) * _UNITS[match[2]]


def format_duration(seconds: int) -> str:
    """Return the duration as an option takes it, in the largest unit that gives a whole number."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def check_reason(reason: str) -> None:
    """Raise BadParameter for a reason that is too long or not printable."""
    if not 0 < len(reason) <= _MAX_REASON or not reason.isprintable():
        raise typer.BadParameter(f"a reason is 1 to {_MAX_REASON} printable characters", param_hint="--reason")


def parse_claims(
    texts: list[str], *, option: str = "--claim", json_names: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the values of `name=value` texts, by name; raises BadParameter.

    A value that is not JSON is a string. Where `json_names` is given, each value of another name is a string too.
    """
    claims: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise typer.BadParameter("a claim is name=value", param_hint=option)
        if name in claims:
            raise typer.BadParameter(f"the claim {name} is given twice, and a list is given as JSON", param_hint=option)
        claims[name] = _json_or_text(value) if json_names is None or name in json_names else value
    return claims


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=lambda constant: constant)
    except (ValueError, RecursionError):
        return value


def read_jwks(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the public keys of a JWK Set in a file; raises BadParameter for a set that a verifier would refuse."""
    try:
        jwks = parse_object(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--jwks") from None
    if jwks is None:
        raise typer.BadParameter(f"{path} does not hold one strict JSON object", param_hint="--jwks")
    try:
        KeySet.from_jwks(jwks)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--jwks") from None
    return tuple({name: jwk[name] for name in _JWK_MEMBERS if name in jwk} for jwk in jwks["keys"])
