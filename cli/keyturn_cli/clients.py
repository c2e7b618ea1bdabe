"""`keyturn clients`: the clients that may request tokens."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from keyturn.domain.access.scope import format_scope
from keyturn.domain.clients.client import SECRET_METHODS, Client, hash_secret, is_client_id
from keyturn_cli.client_notes import notes_on_client
from keyturn_cli.client_options import CLEARED, OPTIONS, REQUIRED, Clearable
from keyturn_cli.deployment import Deployment, deployment_to_change, find_deployment
from keyturn_cli.errors import CommandError
from keyturn_cli.options import AsJson, Stack, StackCommands, Yes
from keyturn_cli.output import (
    confirm,
    format_time,
    print_fields,
    print_json,
    print_line,
    print_note,
    print_notes,
    print_table,
)
from keyturn_cli.registration import changes, names, registers
from keyturn_cli.token_size_check import check_token_size
from keyturn_cli.values import format_duration

app = StackCommands(no_args_is_help=True, help="Register clients, change them, and rotate their secrets.")
secret_app = StackCommands(
    no_args_is_help=True, help="Rotate a client's secret: two are valid at a time, without downtime."
)
app.add_typer(secret_app, name="secret")

ClientId = Annotated[str, typer.Argument(metavar="ID", help="The client's id, as `clients list` shows it.")]

_MAX_SECRETS = 2
_CLEAR = f"Clear this field: {names(Clearable)}. Repeatable."


class UnknownClient(CommandError):
    """No client has this id."""


class SecretsRefused(CommandError):
    """The number of the client's secrets does not allow this."""


@app.command()
@registers(OPTIONS, required=REQUIRED)
def add(given: dict[str, Any], stack: Stack = None, as_json: AsJson = False) -> None:
    """Register a client, and print its secret once.

    By default a client authenticates by that secret and uses the grant type client_credentials. A client with a
    redirect URI uses authorization_code. A client with public keys uses private_key_jwt and has no secret.
    """
    by_default: dict[str, Any] = {
        "grant_types": frozenset({"authorization_code" if "redirect_uris" in given else "client_credentials"}),
        "authentication": frozenset({"private_key_jwt"}) if "jwks" in given else SECRET_METHODS,
    }
    fields = by_default | given
    secret = None if fields["authentication"].isdisjoint(SECRET_METHODS) else secrets.token_urlsafe(32)
    deployment = deployment_to_change(stack, Path.cwd())
    client = Client(
        client_id=f"c_{secrets.token_hex(8)}",
        secret_hashes=() if secret is None else (hash_secret(secret),),
        created_at=int(deployment.clock().now().earliest),
        **fields,
    )
    deployment.clients().add(check_token_size(client, deployment.issuer))
    if as_json:
        print_json({"client_id": client.client_id, "issuer": deployment.issuer} | _secret_field(secret))
    else:
        print_line(f"client_id      {client.client_id}")
        _print_secret(secret)
    print_notes(notes_on_client(deployment, client))


@app.command()
def show(client_id: ClientId, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show the registration of a client, with the number of its secrets: only their hashes are stored."""
    _show(_find(find_deployment(stack, Path.cwd()), client_id), as_json=as_json)


@app.command("list")
def list_clients(stack: Stack = None, as_json: AsJson = False) -> None:
    """List the registered clients."""
    clients = find_deployment(stack, Path.cwd()).clients().list()
    if as_json:
        print_json([_fields(client) for client in clients])
        return
    print_table(
        ("client_id", "name", "scopes", "audiences", "created"),
        [
            {
                "client_id": client.client_id,
                "name": client.name,
                "scopes": format_scope(client.scopes),
                "audiences": " ".join(client.audiences),
                "created": format_time(client.created_at),
            }
            for client in clients
        ],
    )


@app.command()
@registers(OPTIONS)
def update(
    client_id: ClientId,
    given: dict[str, Any],
    clear: Annotated[list[Clearable] | None, typer.Option(metavar="FIELD", help=_CLEAR)] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Change the given fields of a client. A repeatable option replaces the whole list."""
    asked = changes("clients", given, (CLEARED[each] for each in clear or ()))
    deployment = deployment_to_change(stack, Path.cwd())
    client = _find(deployment, client_id)
    following, secret = _what_follows(client, asked)
    wanted = check_token_size(replace(client, **following | asked), deployment.issuer)
    changed = deployment.clients().update(wanted)
    _show(changed, as_json=as_json, secret=secret)
    print_notes(notes_on_client(deployment, changed))


@app.command()
def remove(client_id: ClientId, yes: Yes = False, stack: Stack = None, as_json: AsJson = False) -> None:
    """Remove a client: it gets no more tokens. This cannot be undone. Issued tokens stay valid until they expire."""
    deployment = deployment_to_change(stack, Path.cwd())
    client = _find(deployment, client_id)
    if not yes:
        print_line(f"{client_id} ({client.name}) gets no more tokens. Its id is never given again.", err=True)
        confirm("Remove it?")
    if not deployment.clients().remove(client_id):
        raise _unknown()
    if as_json:
        print_json({"client_id": client_id, "outcome": "removed"})
    else:
        print_line(f"removed {client_id}")
    print_note(f"issued tokens stay valid until they expire: `keyturn revoke --client {client_id}` revokes them")


@secret_app.command("add")
def add_secret(client_id: ClientId, stack: Stack = None, as_json: AsJson = False) -> None:
    """Give a client a second secret, and print it once. Both secrets are valid from now on."""
    deployment = deployment_to_change(stack, Path.cwd())
    client = _find(deployment, client_id)
    if not client.secret_hashes:
        raise SecretsRefused(
            f"{client_id} does not authenticate by a secret",
            f"`keyturn clients update {client_id} --auth` changes that",
        )
    if len(client.secret_hashes) == _MAX_SECRETS:
        raise SecretsRefused(f"{client_id} has two secrets", f"run `keyturn clients secret retire {client_id}` first")
    secret = secrets.token_urlsafe(32)
    deployment.clients().update(replace(client, secret_hashes=(*client.secret_hashes, hash_secret(secret))))
    if as_json:
        print_json({"client_id": client_id, "issuer": deployment.issuer} | _secret_field(secret))
    else:
        print_line(f"client_id      {client_id}")
        _print_secret(secret)


@secret_app.command("retire")
def retire_secret(client_id: ClientId, stack: Stack = None, as_json: AsJson = False) -> None:
    """Remove the older of a client's two secrets, which is invalid from now on."""
    deployment = deployment_to_change(stack, Path.cwd())
    client = _find(deployment, client_id)
    if len(client.secret_hashes) < _MAX_SECRETS:
        raise SecretsRefused(f"{client_id} has no second secret", f"run `keyturn clients secret add {client_id}` first")
    # The newer secret is the last one, since secrets are appended.
    changed = deployment.clients().update(replace(client, secret_hashes=client.secret_hashes[1:]))
    if as_json:
        print_json({"client_id": client_id, "secrets": len(changed.secret_hashes)})
    else:
        print_line(f"retired the older secret of {client_id}")


def _what_follows(client: Client, asked: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the fields that change as a consequence, and a new secret if the client needs its first one."""
    following: dict[str, Any] = {}
    if "redirect_uris" in asked and "grant_types" not in asked:
        with_code = client.grant_types | {"authorization_code"}
        without = client.grant_types - {"authorization_code", "refresh_token"}
        following["grant_types"] = with_code if asked["redirect_uris"] else without
    if "redirect_uris" in asked and not asked["redirect_uris"]:
        following["post_logout_redirect_uris"] = ()
    authentication = asked.get("authentication", client.authentication)
    if "private_key_jwt" not in authentication:
        following |= {"jwks": (), "token_endpoint_audience": False}
    if "none" in authentication:
        following["pkce"] = "required"
    if authentication.isdisjoint(SECRET_METHODS):
        return following | {"secret_hashes": ()}, None
    if client.secret_hashes:
        return following, None
    secret = secrets.token_urlsafe(32)
    return following | {"secret_hashes": (hash_secret(secret),)}, secret


def _find(deployment: Deployment, client_id: str) -> Client:
    # An invalid id is unknown without a read: DynamoDB would refuse some of them with its own error.
    client = deployment.clients().get(client_id) if is_client_id(client_id) else None
    if client is None:
        raise _unknown()
    return client


def _unknown() -> UnknownClient:
    return UnknownClient("no client has this id", "`keyturn clients list` lists the clients")


def _show(client: Client, *, as_json: bool, secret: str | None = None) -> None:
    if as_json:
        print_json(_fields(client) | _secret_field(secret))
        return
    print_fields(_rows(client))
    _print_secret(secret)


def _fields(client: Client) -> dict[str, Any]:
    """Return the fields of a client for a program: all but the hashes of its secrets."""
    return {
        "client_id": client.client_id,
        "name": client.name,
        "grant_types": sorted(client.grant_types),
        "scopes": sorted(client.scopes),
        "audiences": list(client.audiences),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "first_party": client.first_party,
        "pkce": client.pkce,
        "authentication": sorted(client.authentication),
        "secrets": len(client.secret_hashes),
        "jwks": {"keys": [dict(jwk) for jwk in client.jwks]},
        "token_endpoint_audience": client.token_endpoint_audience,
        "access_token_lifetime": client.access_token_lifetime,
        "refresh_lifetime": client.refresh_lifetime,
        "refresh_idle": client.refresh_idle,
        "cors_origins": sorted(client.cors_origins),
        "rate": client.rate,
        "claims": dict(client.claims),
        "user_claims": dict(client.user_claims),
        "introspects": sorted(client.introspects),
        "created_at": client.created_at,
        "revision": client.revision,
    }


def _rows(client: Client) -> dict[str, Any]:
    """Return the fields of a client for a person, without those that do not apply to it."""
    refreshes = "refresh_token" in client.grant_types
    has_users = "authorization_code" in client.grant_types
    return _fields(client) | {
        "scopes": format_scope(client.scopes),
        "first_party": _yes(client.first_party) if has_users else None,
        "pkce": client.pkce if has_users else None,
        "jwks": [jwk["kid"] for jwk in client.jwks],
        "token_endpoint_audience": "yes" if client.token_endpoint_audience else None,
        "access_token_lifetime": _duration(client.access_token_lifetime),
        "refresh_lifetime": _duration(client.refresh_lifetime if refreshes else None),
        "refresh_idle": _duration(client.refresh_idle if refreshes else None),
        "created_at": format_time(client.created_at),
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _duration(seconds: int | None) -> str | None:
    return None if seconds is None else format_duration(seconds)


def _secret_field(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"client_secret": secret}


def _print_secret(secret: str | None) -> None:
    if secret is not None:
        print_line(f"client_secret  {secret}")
        print_line("Keep the secret now: only its hash is stored.", err=True)
