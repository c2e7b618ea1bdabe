"""`keyturn token`: look into an access token."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer

from keyturn.domain.key_ring import DEFAULT_RING
from keyturn.jose import ANY_AUDIENCE, KeySet, TokenError, VerificationPolicy, verify_access_token
from keyturn_cli.deployment import TOKEN_HORIZON, find_deployment
from keyturn_cli.options import AsJson, Stack
from keyturn_cli.output import format_time, print_json

app = typer.Typer(no_args_is_help=True, help="Look into a token.")

_TIMES = ("iat", "nbf", "exp", "auth_time")


@app.callback()
def token() -> None:
    """Look into a token."""


@app.command()
def decode(
    token: Annotated[str, typer.Argument(help="An access token; - reads it from standard input.")] = "-",
    verify: Annotated[bool, typer.Option(help="Check it against the stack's keys, its issuer and the time.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Print a token's header and claims; without --verify nothing says that they are true."""
    raw = read_token(token)
    header, claims = unverified_header(raw), unverified_claims(raw)
    verdict = _verify(raw, stack) if verify else "not verified"
    if as_json:
        print_json({"header": header, "claims": claims, "verdict": verdict})
    else:
        for part in (header, claims):
            for name, value in part.items():
                note = f"  ({format_time(value)})" if name in _TIMES and isinstance(value, int | float) else ""
                typer.echo(f"{name:<10} {value}{note}")
            typer.echo()
        typer.echo(verdict)
    if verify and verdict != "valid":
        raise typer.Exit(1)


def _verify(raw: str, stack: str | None) -> str:
    """Return "valid", or the rule that refuses it; revocations are not looked up."""
    deployment = find_deployment(stack, Path.cwd())
    keys = KeySet.from_jwks(deployment.key_ring().load(DEFAULT_RING).to_jwks())
    policy = VerificationPolicy(
        issuer=deployment.issuer,
        audiences=ANY_AUDIENCE,
        algorithms=frozenset({"RS256", "PS256", "ES256"}),
        leeway=60,
        max_lifetime=TOKEN_HORIZON,
    )
    try:
        verify_access_token(raw, keys, policy, now=deployment.clock().now().earliest)
    except TokenError as error:
        return f"refused: {error}"
    return "valid"


def read_token(argument: str) -> str:
    """Return the token itself, from standard input for "-": an argument is visible to other users of the machine."""
    return sys.stdin.read().strip() if argument == "-" else argument


def unverified_header(raw: str) -> dict[str, Any]:
    """Return what the token says of itself; raises BadParameter if it is none."""
    try:
        return jwt.get_unverified_header(raw)
    except jwt.InvalidTokenError as error:
        raise typer.BadParameter(f"this is no signed token: {error}") from None


def unverified_claims(raw: str) -> dict[str, Any]:
    """Return what the token claims, true or not; raises BadParameter if it is none."""
    try:
        claims: dict[str, Any] = jwt.decode(raw, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise typer.BadParameter(f"this is no signed token: {error}") from None
    return claims
