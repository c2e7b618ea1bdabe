"""Values of options that are more than text: durations, claims, keys in a file."""

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
# What a public key is made of (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2); a file may hold more, which nobody needs.
_JWK_MEMBERS = ("kty", "kid", "alg", "use", "crv", "x", "y", "n", "e")


def read_standard_input() -> str:
    """Return what comes on standard input; raises BadParameter for what is no text."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("standard input is no UTF-8 text") from None


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as 15m, 30d or 900; raises BadParameter."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter("a duration is a whole number and s, m, h or d, such as 15m or 30d")
    return int(match[1]) * _UNITS[match[2]]


def format_duration(seconds: int) -> str:
    """Return the duration as it can be given again, in the largest unit that it is whole in."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def check_reason(reason: str) -> None:
    """Raise BadParameter for a reason that no record takes."""
    if not 0 < len(reason) <= _MAX_REASON or not reason.isprintable():
        raise typer.BadParameter(f"a reason is 1 to {_MAX_REASON} printable characters", param_hint="--reason")


def parse_claims(
    texts: list[str], *, option: str = "--claim", json_names: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the values of `name=value` texts, by name; raises BadParameter.

    A value that is no JSON is a string, and so is every value of a name that is not in `json_names`.
    """
    claims: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise typer.BadParameter("a claim is name=value", param_hint=option)
        if name in claims:
            raise typer.BadParameter(f"the claim {name} is there twice: give a list as JSON", param_hint=option)
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
        raise typer.BadParameter(f"{path}: this is no JSON object, strictly read", param_hint="--jwks")
    try:
        KeySet.from_jwks(jwks)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--jwks") from None
    return tuple({name: jwk[name] for name in _JWK_MEMBERS if name in jwk} for jwk in jwks["keys"])
