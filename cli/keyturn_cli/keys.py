"""`keyturn keys`: the signing keys, their states, and the operator's commands to the rotator."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyRing, KeyState, RingKey
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.errors import CommandError, problem_of
from keyturn_cli.gateway import flush_caches, gateways_of, print_flushed
from keyturn_cli.options import AsJson, Stack, StackCommands, Yes
from keyturn_cli.output import confirm, format_time, print_json, print_line, print_note, print_table
from keyturn_cli.rotator import CommandRefused
from keyturn_cli.values import check_reason

_PRINTED = ("applied", "due", "planned", "failed", "notes", "caches")

app = StackCommands(no_args_is_help=True, help="List the signing keys, and rotate them.")


class UnknownKid(CommandError):
    """No key of any ring has this kid."""


@app.callback()
def keys() -> None:
    """List the signing keys, and rotate them."""


@app.command("list")
def list_keys(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the keys of all rings, each with its state, the time since then, and its next step."""
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
                "next": next((_step_and_time(step) for step in following if step.get("subject") == key.kid), "-"),
            }
            for ring in rings
            for key in ring.keys
        ],
    )
    for note in unknown:
        print_note(note)


@app.command()
def plan(stack: Stack = None, as_json: AsJson = False) -> None:
    """Show the due steps and the planned ones. Nothing is changed."""
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
    ring: Annotated[str, typer.Option(help="The ring, as `keys list` shows it.")] = DEFAULT_RING,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Activate the standby key now. Tokens of the previous key stay valid."""
    _print_report(deployment_to_change(stack, Path.cwd()).rotator().ask("rotate", ring=ring), as_json=as_json)


@app.command()
def compromise(
    kid: Annotated[
        str, typer.Argument(help="The key, as `keys list` shows it. Put -- before one with a leading dash.")
    ],
    reason: Annotated[str, typer.Option(help="The reason, which is recorded permanently.")],
    yes: Yes = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Declare a key compromised: every token that it signed is refused from now on. This cannot be undone."""
    check_reason(reason)
    deployment = deployment_to_change(stack, Path.cwd())
    key = next((key for ring in deployment.key_rings().load_all() if (key := ring.find(kid))), None)
    if key is None:
        raise UnknownKid("no key of any ring has this kid", "`keyturn keys list` lists the keys")
    if not yes:
        print_line(
            f"{kid} is {key.state}. Every token that it signed is refused from now on. This cannot be undone.", err=True
        )
        confirm("Take it out of use?")
    report = deployment.rotator().ask("compromise", kid=kid, reason=reason, actor=deployment.actor)
    # The emergency is declared: an error of the flush must not hide that.
    flushed = flush_caches(gateways_of(deployment))
    if as_json:
        _print_report(report | {"caches": flushed}, as_json=True, is_done=not flushed["not_flushed"])
    else:
        print_flushed(flushed)
        _print_report(report, as_json=False, is_done=not flushed["not_flushed"])


def _print_report(report: dict[str, Any], *, as_json: bool, is_done: bool = True) -> None:
    """Print the applied steps; exit with 1 if a step failed."""
    failed = report.get("failed", [])
    if as_json:
        print_json({name: report[name] for name in _PRINTED if name in report})
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
    """Return the rotator's plan, soonest first, and notes on the missing parts: the list is printed without them."""
    try:
        report = deployment.rotator().ask("plan")
    except (CommandRefused, BotoCoreError, ClientError) as fault:
        return [], [f"the next steps are unknown: {problem_of(fault)}"]
    unknown = [f"ring {step['ring']}: {step['message']}" for step in report.get("failed", [])]
    return [*report["due"], *sorted(report["planned"], key=itemgetter("at"))], unknown


def _step_and_time(step: dict[str, Any]) -> str:
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
