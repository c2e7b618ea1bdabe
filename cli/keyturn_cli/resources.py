"""`keyturn resources`: the resource servers, which decide the scopes, lifetime and claims of tokens for an API."""

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
from keyturn_cli.client_notes import notes_on_audiences
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.errors import CommandError
from keyturn_cli.options import AsJson, Stack, StackCommands, Yes
from keyturn_cli.output import confirm, format_time, print_fields, print_json, print_line, print_note, print_table
from keyturn_cli.registration import Registered, changes, names, registers
from keyturn_cli.values import format_duration, parse_duration

app = StackCommands(no_args_is_help=True, help="Register resource servers, which decide about tokens for an API.")

Audience = Annotated[
    str, typer.Argument(help="The audience of its tokens: the value of `resource` in a token request.")
]


class Algorithm(enum.StrEnum):
    """The signing algorithms of a key ring (RFC 7518 §3.1, RFC 9864 §2.2)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ED25519 = "Ed25519"


class Clearable(enum.StrEnum):
    """The fields that `resources update` can clear."""

    ACCESS_TOKEN_LIFETIME = "access-token-lifetime"
    ALGORITHM = "algorithm"
    CLAIM = "claim"


_OPTIONS = {
    "name": Registered("name", str, typer.Option(help="A name for people.")),
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
            parser=parse_duration,
            metavar="DURATION",
            help="The longest lifetime of its tokens, such as 5m; at most 1h.",
        ),
    ),
    "algorithm": Registered(
        "algorithm",
        Algorithm,
        typer.Option(metavar="ALG", help=f"{names(Algorithm)}. Default: the stack's algorithm."),
        lambda algorithm: algorithm.value,
    ),
    "claim": Registered(
        "claims",
        list[str],
        typer.Option(metavar="NAME", help="A custom claim that its tokens carry. Repeatable."),
        frozenset,
    ),
}
_CLEARED: dict[Clearable, dict[str, Any]] = {
    Clearable.ACCESS_TOKEN_LIFETIME: {"access_token_lifetime": None},
    Clearable.ALGORITHM: {"algorithm": None},
    Clearable.CLAIM: {"claims": frozenset()},
}
_CLEAR = f"Clear this field: {names(Clearable)}. Repeatable."
_WITHIN_A_MINUTE = "the change takes effect within a minute"


class UnknownResourceServer(CommandError):
    """No resource server is registered for this audience."""


@app.command()
@registers(_OPTIONS, required=("name", "scope"))
def add(audience: Audience, given: dict[str, Any], stack: Stack = None, as_json: AsJson = False) -> None:
    """Register a resource server: tokens for it carry only its scopes and its custom claims."""
    deployment = deployment_to_change(stack, Path.cwd())
    server = ResourceServer(audience=audience, created_at=int(deployment.clock().now().earliest), **given)
    try:
        deployment.resource_servers().add(server)
    except AlreadyExists:
        raise CommandError(
            f"{audience} is registered already", f"`keyturn resources update {audience}` changes it"
        ) from None
    _print_stored(deployment, server, as_json=as_json)


@app.command()
def show(audience: Audience, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show the registration of a resource server."""
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
    """Change the given fields of a resource server. --claim and --scope replace the whole list."""
    asked = changes("resources", given, (_CLEARED[each] for each in clear or ()))
    deployment = deployment_to_change(stack, Path.cwd())
    changed = deployment.resource_servers().update(replace(_find(deployment, audience), **asked))
    _print_stored(deployment, changed, as_json=as_json)


@app.command()
def remove(audience: Audience, yes: Yes = False, stack: Stack = None, as_json: AsJson = False) -> None:
    """Remove a resource server: its tokens get the clients' scopes and the issuer's lifetime again."""
    deployment = deployment_to_change(stack, Path.cwd())
    server = _find(deployment, audience)
    if not yes:
        print_line(
            f"Clients with the audience {audience} ({server.name}) will get tokens for it with all of their scopes. "
            "`keyturn clients update --audience` takes the audience from a client.",
            err=True,
        )
        confirm("Remove it?")
    if not deployment.resource_servers().remove(audience):
        raise _unknown()
    if as_json:
        print_json({"audience": audience, "outcome": "removed"})
    else:
        print_line(f"removed {audience}")
    print_note(_WITHIN_A_MINUTE)


def _find(deployment: Deployment, audience: str) -> ResourceServer:
    check_audience(audience)
    server = deployment.resource_servers().get(audience)
    if server is None:
        raise _unknown()
    return server


def _unknown() -> UnknownResourceServer:
    return UnknownResourceServer("this audience is not registered", "`keyturn resources list` lists the audiences")


def _print_stored(deployment: Deployment, server: ResourceServer, *, as_json: bool) -> None:
    """Show the stored registration, and note the effects that an operator may not expect."""
    _show(server, as_json=as_json)
    print_note(_WITHIN_A_MINUTE)
    # The registration is stored: a later error is a note.
    try:
        notes = list(_notes(deployment, server))
    except KeyturnError as fault:
        notes = [f"the check against the key rings and the clients failed: {fault}"]
    for note in notes:
        print_note(note)


def _notes(deployment: Deployment, server: ResourceServer) -> Iterator[str]:
    yield from notes_on_audiences(deployment, [server.audience])
    if server.algorithm is not None and not _signs(deployment, server.algorithm):
        yield (
            f"the stack has no ring of {server.algorithm}: its default ring signs until AudienceAlgorithms names "
            "the algorithm"
        )
    for client in deployment.clients().list():
        if server.audience in client.audiences and server.scopes.isdisjoint(client.scopes):
            yield f"{client.client_id} ({client.name}) lacks all of its scopes, so that it gets no token for it"


def _signs(deployment: Deployment, algorithm: str) -> bool:
    """Return whether a ring of the stack signs with the algorithm: the ring of that name, or the default ring."""
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
