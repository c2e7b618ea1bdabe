"""`keyturn keys`: the signing keys, their states, and what the operator may ask of the rotator."""

from __future__ import annotations

import getpass
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn.domain.key_ring import DEFAULT_RING, KeyState, RingKey
from keyturn.domain.rotation_refusal import UnknownKey
from keyturn_cli.deployment import find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Look at the signing keys, and turn them.")


@app.callback()
def keys() -> None:
    """Look at the signing keys, and turn them."""


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


@app.command()
def plan(stack: Stack = None, as_json: AsJson = False) -> None:
    """Say what is due and what comes next, and when; changes nothing."""
    report = find_deployment(stack, Path.cwd()).rotator().ask("plan")
    if as_json:
        print_json({name: report[name] for name in ("due", "planned")})
        return
    steps = [("now", step) for step in report["due"]]
    steps += [(format_time(step["at"]), step) for step in sorted(report["planned"], key=itemgetter("at"))]
    rows = [{"when": when, "what": step["action"], "which": step.get("subject", "-")} for when, step in steps]
    print_table(("when", "what", "which"), rows)


@app.command()
def rotate(stack: Stack = None, as_json: AsJson = False) -> None:
    """Make the standby active ahead of its time; tokens of the key before stay good."""
    _tell(find_deployment(stack, Path.cwd()).rotator().ask("rotate"), as_json=as_json)


@app.command()
def compromise(
    kid: Annotated[str, typer.Argument(help="The key; `keys list` names them. After -- if it begins with a dash.")],
    reason: Annotated[str, typer.Option(help="Why, for the record that is kept for good.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Take a key out of use at once and for good: every token that it signed is refused, and nothing undoes it."""
    deployment = find_deployment(stack, Path.cwd())
    key = deployment.key_ring().load(DEFAULT_RING).find(kid)
    if key is None:
        raise UnknownKey("no key of the ring has this kid: `keyturn keys list` names them")
    if not yes:
        typer.echo(
            f"{kid} is {key.state}. Every token that it signed is refused from now on. Nothing undoes this.", err=True
        )
        typer.confirm("Take it out of use?", abort=True, err=True)
    _tell(deployment.rotator().ask("compromise", kid=kid, reason=reason, actor=getpass.getuser()), as_json=as_json)


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    """Print what was done; exit with 1 if a part of it was not."""
    failed = report.get("failed", [])
    if as_json:
        print_json({name: report[name] for name in ("applied", "due", "planned", "failed", "notes") if name in report})
    else:
        for step in report["applied"]:
            typer.echo(f"done: {step['action']} {step.get('subject', '')}".rstrip())
        for note in report.get("notes", []):
            typer.echo(f"note: {note}")
        for step in failed:
            typer.echo(f"not done: {step['action']} {step.get('subject', '')}: {step['message']}", err=True)
    if failed:
        raise typer.Exit(1)


def _since(key: RingKey) -> int | None:
    return {
        KeyState.PRE_ACTIVATION: key.published_at,
        KeyState.ACTIVE: key.activated_at,
        KeyState.DEACTIVATED: key.deactivated_at,
        KeyState.DESTROYED: key.destroyed_at,
        KeyState.COMPROMISED: key.compromised_at,
    }[key.state]
