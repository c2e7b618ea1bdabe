"""Notes about a stored client: parts of its registration that have no effect."""

from __future__ import annotations

from keyturn.domain.clients.client import Client
from keyturn.domain.errors import KeyturnError
from keyturn_cli.deployment import Deployment
from keyturn_cli.output import print_note


def note_consequences(deployment: Deployment, client: Client) -> None:
    """Note scopes and claims that never appear in a token."""
    _note_scopes(deployment, client)
    if client.claims and "client_credentials" not in client.grant_types:
        print_note(
            "--claim is for tokens in the client's own name, by client_credentials: --user-claim is for its users"
        )
    if client.user_claims and "authorization_code" not in client.grant_types:
        print_note("--user-claim is for tokens of users, by authorization_code: --claim is for the client itself")


def _note_scopes(deployment: Deployment, client: Client) -> None:
    """Note each registered audience that declares none of the client's scopes: requests for it are refused."""
    servers = deployment.resource_servers()
    for audience in client.audiences:
        try:
            server = servers.get(audience)
        except KeyturnError as fault:
            # The client is stored: a later error is a note.
            print_note(f"the resource server {audience} cannot be read: {fault}")
            continue
        if server is not None and server.scopes.isdisjoint(client.scopes):
            print_note(f"{audience} declares none of the client's scopes: requests for a token for it are refused")
