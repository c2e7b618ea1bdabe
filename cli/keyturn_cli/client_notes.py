"""Notes on a registration that the stack cannot serve: it is stored, and its requests would be refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.access.scope import OFFLINE_ACCESS, OPENID_SCOPES, format_scope
from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import KeyturnError
from keyturn_cli.deployed_authorizer import read_environment, settings_of
from keyturn_cli.deployment import Deployment
from keyturn_cli.errors import problem_of

# The failure of a check is a note as well, since the registration is stored.
_FAULTS = (KeyturnError, BotoCoreError, ClientError)


def notes_on_client(deployment: Deployment, client: Client) -> Iterator[str]:
    """Yield a note for each grant type, audience and scope of the client without effect."""
    yield from _notes_on_grants(client)
    yield from _notes_on_claims(client)
    yield from notes_on_audiences(deployment, [*client.audiences, *sorted(client.introspects)])
    yield from _notes_on_scopes(deployment, client)


def notes_on_audiences(deployment: Deployment, audiences: Iterable[str]) -> Iterator[str]:
    """Yield a note for each audience whose tokens the stack's authorizer refuses (RFC 9068 §4)."""
    try:
        accepted = settings_of(read_environment(deployment)).audiences.names
    except _FAULTS as fault:
        yield f"the audiences of the stack's authorizer are unknown: {problem_of(fault)}"
        return
    for audience in dict.fromkeys(audiences):
        if audience not in accepted:
            yield (
                f"the authorizer of this stack refuses tokens for {audience}: its parameter Audiences has "
                f"{', '.join(sorted(accepted))}"
            )


def _notes_on_grants(client: Client) -> Iterator[str]:
    if "client_credentials" in client.grant_types and client.scopes <= OPENID_SCOPES | {OFFLINE_ACCESS}:
        yield "all of its scopes are about users, so that the grant type client_credentials gives no token"
    for_users = client.scopes & OPENID_SCOPES
    if for_users and "authorization_code" not in client.grant_types:
        yield f"only the grant type authorization_code gives the scopes about users: {format_scope(for_users)}"
    if OFFLINE_ACCESS in client.scopes and "refresh_token" not in client.grant_types:
        yield f"the scope {OFFLINE_ACCESS} is ignored without the grant type refresh_token"


def _notes_on_claims(client: Client) -> Iterator[str]:
    if client.claims and "client_credentials" not in client.grant_types:
        yield "--claim is for tokens in the client's own name, by client_credentials: --user-claim is for its users"
    if client.user_claims and "authorization_code" not in client.grant_types:
        yield "--user-claim is for tokens of users, by authorization_code: --claim is for the client itself"


def _notes_on_scopes(deployment: Deployment, client: Client) -> Iterator[str]:
    servers: list[ResourceServer | None] = []
    for audience in client.audiences:
        try:
            server = deployment.resource_servers().get(audience)
        except _FAULTS as fault:
            yield f"the resource server {audience} cannot be read: {problem_of(fault)}"
            return
        servers.append(server)
        if server is not None and server.scopes.isdisjoint(client.scopes):
            yield f"{audience} declares none of the client's scopes: requests for a token for it are refused"
    # An audience without a registration has all scopes of the client.
    registered = [server for server in servers if server is not None]
    if len(registered) < len(servers):
        return
    asked = client.scopes - OPENID_SCOPES - {OFFLINE_ACCESS}
    lost = asked.difference(*(server.scopes for server in registered))
    if lost and lost != asked:
        yield f"no audience of the client declares these scopes, and requests for them fail: {format_scope(lost)}"
