"""`keyturn clients`: who may ask for tokens."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from keyturn.domain.client import Client, hash_secret
from keyturn.domain.scope import parse_scope
from keyturn_cli.deployment import find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Register clients, and list them.")


@app.command()
def add(
    name: Annotated[str, typer.Option(help="What people call it.")],
    audience: Annotated[list[str], typer.Option(help="An API that its tokens may be for. May be repeated.")],
    scope: Annotated[str, typer.Option(help="All scopes that it may ask for, separated by single spaces.")],
    introspects: Annotated[
        list[str] | None, typer.Option(help="An audience whose tokens it may introspect: for an API's own client.")
    ] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Register a client for the client_credentials grant, and print its secret this once."""
    deployment = find_deployment(stack, Path.cwd())
    secret = secrets.token_urlsafe(32)
    client = Client(
        client_id=f"c_{secrets.token_hex(8)}",
        name=name,
        secret_hashes=(hash_secret(secret),),
        grant_types=frozenset({"client_credentials"}),
        scopes=parse_scope(scope),
        audiences=tuple(audience),
        introspects=frozenset(introspects or ()),
        created_at=int(deployment.clock().now().earliest),
    )
    deployment.clients().add(client)
    if as_json:
        print_json({"client_id": client.client_id, "client_secret": secret, "issuer": deployment.issuer})
        return
    typer.echo(f"client_id      {client.client_id}")
    typer.echo(f"client_secret  {secret}")
    typer.echo("Keep the secret now: only its hash is stored.", err=True)


@app.command("list")
def list_clients(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the registered clients; secrets are not stored, so none is shown."""
    clients = find_deployment(stack, Path.cwd()).clients().list()
    if as_json:
        print_json(
            [
                {
                    "client_id": client.client_id,
                    "name": client.name,
                    "scopes": sorted(client.scopes),
                    "audiences": list(client.audiences),
                    "introspects": sorted(client.introspects),
                    "grant_types": sorted(client.grant_types),
                    "created_at": client.created_at,
                }
                for client in clients
            ]
        )
        return
    print_table(
        ("client_id", "name", "scopes", "audiences", "created"),
        [
            {
                "client_id": client.client_id,
                "name": client.name,
                "scopes": " ".join(sorted(client.scopes)),
                "audiences": " ".join(client.audiences),
                "created": format_time(client.created_at),
            }
            for client in clients
        ],
    )
