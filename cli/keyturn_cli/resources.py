"""`keyturn resources`: what tokens for an API are like."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn.domain.access.scope import format_scope, parse_scope
from keyturn.domain.clients.resource_server import ResourceServer, check_audience
from keyturn.domain.errors import AlreadyExists, KeyturnError
from keyturn.domain.keys.key_ring import DEFAULT_RING
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.options import AsJson, Stack, StackCommands, Yes
from keyturn_cli.output import confirm, format_time, print_fields, print_json, print_line, print_note, print_table
from keyturn_cli.registration import Registered, changes, names, registers
from keyturn_cli.values import format_duration, parse_duration

app = StackCommands(no_args_is_help=True, help="Register resource servers: what tokens for an API are like.")

Audience = Annotated[str, typer.Argument(help="The audience of its tokens, as clients name it as `resource`.")]


class Algorithm(enum.StrEnum):
    """What a ring can sign with (RFC 7518 §3.1, RFC 9864 §2.2)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ED25519 = "Ed25519"


class Clearable(enum.StrEnum):
    """What `resources update` can take away."""

    ACCESS_TOKEN_LIFETIME = "access-token-lifetime"
    ALGORITHM = "algorithm"
    CLAIM = "claim"


_OPTIONS = {
    "name": Registered("name", str, typer.Option(help="What people call it.")),
    "scope": Registered(
        "scopes",
        str,
        typer.Option(help="All scopes that its tokens may carry, separated by single spaces."),
        parse_scope,
    ),
    "access_token_lifetime": Registered(
        "access_token_lifetime",
        int,
        typer.Option(
            parser=parse_duration, metavar="DURATION", help="How long its tokens live at most, such as 5m; up to 1h."
        ),
    ),
    "algorithm": Registered(
        "algorithm",
        Algorithm,
        typer.Option(metavar="ALG", help=f"{names(Algorithm)}; by default the stack's own algorithm."),
        lambda algorithm: algorithm.value,
    ),
    "claim": Registered(
        "claims",
        list[str],
        typer.Option(metavar="NAME", help="A custom claim that its tokens carry. May be repeated."),
        frozenset,
    ),
}
_CLEARED: dict[Clearable, dict[str, Any]] = {
    Clearable.ACCESS_TOKEN_LIFETIME: {"access_token_lifetime": None},
    Clearable.ALGORITHM: {"algorithm": None},
    Clearable.CLAIM: {"claims": frozenset()},
}
_CLEAR = f"Take this away: {names(Clearable)}. Repeatable."
_WITHIN_A_MINUTE = "it counts within a minute"


class UnknownResourceServer(KeyturnError):
    """No resource server is registered for this audience."""


@app.command()
@registers(_OPTIONS, required=("name", "scope"))
def add(audience: Audience, given: dict[str, Any], stack: Stack = None, as_json: AsJson = False) -> None:
    """Register a resource server: tokens for it carry its scopes alone, and its custom claims."""
    deployment = deployment_to_change(stack, Path.cwd())
    server = ResourceServer(audience=audience, created_at=int(deployment.clock().now().earliest), **given)
    try:
        deployment.resource_servers().add(server)
    except AlreadyExists:
        raise AlreadyExists(f"{audience} is registered already: `keyturn resources update` changes it") from None
    _tell(deployment, server, as_json=as_json)


@app.command()
def show(audience: Audience, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show all that is registered of a resource server."""
    _show(_find(find_deployment(stack, Path.cwd()), audience), as_json=as_json)


@app.command("list")
def list_resources(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the registered resource servers."""
    servers = find_deployment(stack, Path.cwd()).resource_servers().list()
    if as_json:
        print_json([_fields(server) for server in servers])
        return
    print_table(
        ("audience", "name", "scopes", "lifetime", "algorithm", "claims"),
        [
            {
                "audience": server.audience,
                "name": server.name,
                "scopes": format_scope(server.scopes),
                "lifetime": _lifetime(server) or "-",
                "algorithm": server.algorithm or "-",
                "claims": " ".join(sorted(server.claims)) or "-",
            }
            for server in servers
        ],
    )


@app.command()
@registers(_OPTIONS)
def update(
    audience: Audience,
    given: dict[str, Any],
    clear: Annotated[list[Clearable] | None, typer.Option(metavar="FIELD", help=_CLEAR)] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a resource server, and nothing else; --claim and --scope give all of them."""
    asked = changes("resources", given, (_CLEARED[each] for each in clear or ()))
    deployment = deployment_to_change(stack, Path.cwd())
    changed = deployment.resource_servers().update(replace(_find(deployment, audience), **asked))
    _tell(deployment, changed, as_json=as_json)


@app.command()
def remove(audience: Audience, yes: Yes = False, stack: Stack = None, as_json: AsJson = False) -> None:
    """Remove a resource server: its clients' own scopes and the issuer's lifetime count again for its tokens."""
    deployment = deployment_to_change(stack, Path.cwd())
    server = _find(deployment, audience)
    if not yes:
        print_line(
            f"{audience} ({server.name}) bounds nothing any more: clients with this audience get tokens for it with "
            "all of their scopes. `keyturn clients update --audience` ends that.",
            err=True,
        )
        confirm("Remove it?")
    if not deployment.resource_servers().remove(audience):
        raise UnknownResourceServer(f"{audience} was removed by somebody else meanwhile")
    if as_json:
        print_json({"audience": audience, "outcome": "removed"})
    else:
        print_line(f"removed {audience}")
    print_note(_WITHIN_A_MINUTE)


def _find(deployment: Deployment, audience: str) -> ResourceServer:
    check_audience(audience)
    server = deployment.resource_servers().get(audience)
    if server is None:
        raise UnknownResourceServer("nobody registered this audience: `keyturn resources list` names those that are")
    return server


def _tell(deployment: Deployment, server: ResourceServer, *, as_json: bool) -> None:
    """Show what is registered now, and say what an operator might not expect of it."""
    _show(server, as_json=as_json)
    print_note(_WITHIN_A_MINUTE)
    # It is stored: nothing from here on may look as if it were not.
    try:
        notes = list(_notes(deployment, server))
    except KeyturnError as fault:
        notes = [f"whether it goes with the rings and the clients is not known: {fault}"]
    for note in notes:
        print_note(note)


def _notes(deployment: Deployment, server: ResourceServer) -> Iterator[str]:
    if server.algorithm is not None and not _signs(deployment, server.algorithm):
        yield (
            f"the stack has no ring of {server.algorithm}: its default ring signs until AudienceAlgorithms names that "
            "algorithm"
        )
    for client in deployment.clients().list():
        if server.audience in client.audiences and server.scopes.isdisjoint(client.scopes):
            yield f"{client.client_id} ({client.name}) has none of its scopes, and gets no token for it"


def _signs(deployment: Deployment, algorithm: str) -> bool:
    """Tell whether a ring of the stack signs by the algorithm, its own or the default one."""
    return any(
        ring.name == algorithm or (ring.name == DEFAULT_RING and any(key.algorithm == algorithm for key in ring.keys))
        for ring in deployment.key_rings().load_all()
    )


def _show(server: ResourceServer, *, as_json: bool) -> None:
    if as_json:
        print_json(_fields(server))
    else:
        print_fields(
            _fields(server)
            | {
                "scopes": format_scope(server.scopes),
                "access_token_lifetime": _lifetime(server),
                "created_at": format_time(server.created_at),
            }
        )


def _lifetime(server: ResourceServer) -> str | None:
    return None if server.access_token_lifetime is None else format_duration(server.access_token_lifetime)


def _fields(server: ResourceServer) -> dict[str, Any]:
    return {
        "audience": server.audience,
        "name": server.name,
        "scopes": sorted(server.scopes),
        "access_token_lifetime": server.access_token_lifetime,
        "algorithm": server.algorithm,
        "claims": sorted(server.claims),
        "created_at": server.created_at,
        "revision": server.revision,
    }
