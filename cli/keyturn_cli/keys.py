"""`keyturn keys`: the signing keys and their states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from keyturn.domain.key_ring import DEFAULT_RING, Compromise, KeyState, RingKey
from keyturn_cli.deployment import find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Look at the signing keys.")


@app.callback()
def keys() -> None:
    """Look at the signing keys."""


@app.command("list")
def list_keys(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the keys of the ring, their states, and since when."""
    ring = find_deployment(stack, Path.cwd()).key_ring().load(DEFAULT_RING)
    if as_json:
        print_json(
            {
                "ring": ring.name,
                "version": ring.version,
                "keys": [
                    {name: getattr(key, name) for name in RingKey.__slots__ if name != "jwk"} for key in ring.keys
                ],
                "compromises": [
                    {"kid": entry.kid, "at": entry.at, "reason": entry.reason, "actor": entry.actor}
                    for entry in ring.compromises
                ],
            }
        )
        return
    print_table(
        ("kid", "algorithm", "state", "since", "published"),
        [
            {
                "kid": key.kid,
                "algorithm": key.algorithm,
                "state": key.state.value,
                "since": format_time(_since(key)),
                "published": format_time(key.published_at),
            }
            for key in ring.keys
        ],
    )


def _fields(value: RingKey | Compromise) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _since(key: RingKey) -> int | None:
    return {
        KeyState.PRE_ACTIVATION: key.published_at,
        KeyState.ACTIVE: key.activated_at,
        KeyState.DEACTIVATED: key.deactivated_at,
        KeyState.DESTROYED: key.destroyed_at,
        KeyState.COMPROMISED: key.compromised_at,
    }[key.state]
