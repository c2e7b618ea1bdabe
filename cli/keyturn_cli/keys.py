"""`keyturn keys`: the signing keys, their states, and what the operator may ask of the rotator."""

from __future__ import annotations

import getpass
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyRing, KeyState, RingKey
from keyturn.domain.keys.rotation_refusal import UnknownKey
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.gateway import flush_caches, gateways_of, tell
from keyturn_cli.options import AsJson, Stack, StackCommands, Yes
from keyturn_cli.output import confirm, format_time, print_json, print_line, print_note, print_table
from keyturn_cli.rotator import CommandRefused
from keyturn_cli.values import check_reason

_TOLD = ("applied", "due", "planned", "failed", "notes", "caches")

app = StackCommands(no_args_is_help=True, help="Look at the signing keys, and turn them.")


@app.callback()
def keys() -> None:
    """Look at the signing keys, and turn them."""


@app.command("list")
def list_keys(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the keys of all rings, their states, since when, and what comes next."""
    deployment = find_deployment(stack, Path.cwd())
    rings = deployment.key_rings().load_all()
    following, unknown = _next_steps(deployment)
    if as_json:
        print_json({"rings": [_ring_fields(ring) for ring in rings], "next": following, "notes": unknown})
        return
    print_table(
        ("ring", "kid", "algorithm", "state", "since", "published", "next"),
        [
            {
                "ring": ring.name,
                "kid": key.kid,
                "algorithm": key.algorithm,
                "state": key.state.value,
                "since": format_time(_since(key)),
                "published": format_time(key.published_at),
                "next": next((_what_and_when(step) for step in following if step.get("subject") == key.kid), "-"),
            }
            for ring in rings
            for key in ring.keys
        ],
    )
    for note in unknown:
        print_note(note)


@app.command()
def plan(stack: Stack = None, as_json: AsJson = False) -> None:
    """Say what is due and what comes next, and when; changes nothing."""
    report = find_deployment(stack, Path.cwd()).rotator().ask("plan")
    if as_json:
        print_json({name: report[name] for name in ("due", "planned", "failed") if name in report})
        return
    steps = [("now", step) for step in report["due"]]
    steps += [(format_time(step["at"]), step) for step in sorted(report["planned"], key=itemgetter("at"))]
    print_table(
        ("when", "ring", "what", "which"),
        [
            {"when": when, "ring": step["ring"], "what": step["action"], "which": step.get("subject", "-")}
            for when, step in steps
        ],
    )
    for step in report.get("failed", []):
        print_line(f"unknown: ring {step['ring']}: {step['message']}", err=True)


@app.command()
def rotate(
    ring: Annotated[str, typer.Option(help="The ring; `keys list` names them.")] = DEFAULT_RING,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Make the standby active ahead of its time; tokens of the key before stay good."""
    _tell(deployment_to_change(stack, Path.cwd()).rotator().ask("rotate", ring=ring), as_json=as_json)


@app.command()
def compromise(
    kid: Annotated[str, typer.Argument(help="The key; `keys list` names them. After -- if it begins with a dash.")],
    reason: Annotated[str, typer.Option(help="Why, for the record that is kept for good.")],
    yes: Yes = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Take a key out of use at once and for good: every token that it signed is refused, and nothing undoes it."""
    check_reason(reason)
    deployment = deployment_to_change(stack, Path.cwd())
    key = next((key for ring in deployment.key_rings().load_all() if (key := ring.find(kid))), None)
    if key is None:
        raise UnknownKey("no key of any ring has this kid: `keyturn keys list` names them")
    if not yes:
        print_line(
            f"{kid} is {key.state}. Every token that it signed is refused from now on. Nothing undoes this.", err=True
        )
        confirm("Take it out of use?")
    report = deployment.rotator().ask("compromise", kid=kid, reason=reason, actor=getpass.getuser())
    # The emergency is declared: nothing from here on may hide that.
    told = flush_caches(gateways_of(deployment))
    if as_json:
        _tell(report | {"caches": told}, as_json=True, is_done=not told["not_flushed"])
    else:
        tell(told)
        _tell(report, as_json=False, is_done=not told["not_flushed"])


def _tell(report: dict[str, Any], *, as_json: bool, is_done: bool = True) -> None:
    """Print what was done; exit with 1 if a part of it was not."""
    failed = report.get("failed", [])
    if as_json:
        print_json({name: report[name] for name in _TOLD if name in report})
    else:
        for step in report["applied"]:
            print_line(f"done: {step['action']} {step.get('subject', '')}".rstrip())
        for note in report.get("notes", []):
            print_line(f"note: {note}")
        for step in failed:
            print_line(f"not done: {step['action']} {step.get('subject', '')}: {step['message']}", err=True)
    if failed or not is_done:
        raise typer.Exit(1)


def _next_steps(deployment: Deployment) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the rotator plans, soonest first, and what it could not say; a list is good without it, too."""
    try:
        report = deployment.rotator().ask("plan")
    except (CommandRefused, BotoCoreError, ClientError) as fault:
        return [], [f"what comes next is not known: {fault}"]
    unknown = [f"ring {step['ring']}: {step['message']}" for step in report.get("failed", [])]
    return [*report["due"], *sorted(report["planned"], key=itemgetter("at"))], unknown


def _what_and_when(step: dict[str, Any]) -> str:
    return f"{step['action']} {format_time(step['at']) if 'at' in step else 'now'}"


def _ring_fields(ring: KeyRing) -> dict[str, Any]:
    return {
        "name": ring.name,
        "version": ring.version,
        "keys": [{name: getattr(key, name) for name in RingKey.__slots__ if name != "jwk"} for key in ring.keys],
        "compromises": [{name: getattr(entry, name) for name in entry.__slots__} for entry in ring.compromises],
    }


def _since(key: RingKey) -> int | None:
    return {
        KeyState.PRE_ACTIVATION: key.published_at,
        KeyState.ACTIVE: key.activated_at,
        KeyState.DEACTIVATED: key.deactivated_at,
        KeyState.DESTROYED: key.destroyed_at,
        KeyState.COMPROMISED: key.compromised_at,
    }[key.state]
