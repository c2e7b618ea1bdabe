"""`keyturn token`: look into an access token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer

from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationReader
from keyturn.domain.key_ring import SIGNING_ALGORITHMS, to_jwks
from keyturn.domain.revocation import targets_of
from keyturn.jose import ANY_AUDIENCE, KeySet, TokenError, VerificationPolicy, VerifiedAccessToken, verify_access_token
from keyturn.jose.policy import MAX_LEEWAY
from keyturn_cli.deployment import TOKEN_HORIZON, Deployment, find_deployment
from keyturn_cli.explanation import explain as explain_refusal
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import format_time, print_json, print_line, print_rows
from keyturn_cli.values import read_standard_input

app = StackCommands(no_args_is_help=True, help="Look into a token.")

_TIMES = ("iat", "nbf", "exp", "auth_time")
_REVOKED = "The token holds, and a revocation hits it: the authorizer and introspection refuse it."


@app.callback()
def token() -> None:
    """Look into a token."""


@app.command()
def decode(
    token: Annotated[str, typer.Argument(help="An access token; - reads it from standard input.")] = "-",
    verify: Annotated[
        bool,
        typer.Option(
            help="Check it against the stack's keys, its issuer and the time; `explain` asks for revocations."
        ),
    ] = False,
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
            times = {name: _when(value) if name in _TIMES else "" for name, value in part.items()}
            print_rows({_shown(name): _shown(value) + times[name] for name, value in part.items()})
            print_line()
        print_line(verdict)
    if verify and verdict != "valid":
        raise typer.Exit(1)


def _shown(value: Any) -> str:
    """Return a text as it is where all of it can be seen on one line, else as JSON: the token may be forged."""
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)


def _when(value: Any) -> str:
    """Return the time of a number, or nothing for what is none that a calendar has."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return f"  ({format_time(value)})"
    except (ValueError, OverflowError, OSError):
        return ""


@app.command()
def explain(
    token: Annotated[str, typer.Argument(help="An access token; - reads it from standard input.")] = "-",
    audience: Annotated[list[str] | None, typer.Option(help="An audience that the API accepts; repeatable.")] = None,
    leeway: Annotated[int, typer.Option(help="ClockSkewSeconds of the stack, in seconds.")] = 10,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule refuses a token, what it has and what would be right; exit code 1 if it is refused or revoked."""
    raw = read_token(token)
    deployment = find_deployment(stack, Path.cwd())
    policy = verification_policy(deployment, frozenset(audience or ()) or ANY_AUDIENCE, leeway)
    _, told = judge(raw, deployment, policy)
    if as_json:
        print_json(told)
    else:
        print_rows(told)
    if told["verdict"] != "valid":
        raise typer.Exit(1)


def judge(
    raw: str, deployment: Deployment, policy: VerificationPolicy
) -> tuple[VerifiedAccessToken | None, dict[str, str]]:
    """Return the token if it holds, and what there is to say; its `verdict` is valid, refused or revoked."""
    keys = issuer_keys(deployment)
    now = deployment.clock().now().earliest
    try:
        verified = verify_access_token(raw, keys, policy, now=now)
    except TokenError as error:
        return None, {"verdict": "refused"} | explain_refusal(error, raw, keys, policy, now)
    reader = DynamoDbRevocationReader(deployment.dynamodb, deployment.revocation_table)
    for revocation in reader.find(targets_of(verified)):
        if revocation.hits(issued_at=verified.issued_at, kid=verified.kid, now=now):
            return None, {"verdict": "revoked", "found": revocation.target.key, "sentence": _REVOKED}
    return verified, {"verdict": "valid", "found": f"exp {format_time(verified.expires_at)}"}


def _verify(raw: str, stack: Stack) -> str:
    """Return "valid", or the rule that refuses it; revocations are not looked up."""
    deployment = find_deployment(stack, Path.cwd())
    policy = verification_policy(deployment, ANY_AUDIENCE, MAX_LEEWAY)
    try:
        verify_access_token(raw, issuer_keys(deployment), policy, now=deployment.clock().now().earliest)
    except TokenError as error:
        return f"refused: {error}"
    return "valid"


def issuer_keys(deployment: Deployment) -> KeySet:
    """Return the keys that the stack publishes."""
    return KeySet.from_jwks(to_jwks(deployment.key_rings().load_all()))


def verification_policy(deployment: Deployment, audiences: Any, leeway: int) -> VerificationPolicy:
    """Return the stack's rules, with the longest lifetime that it may be configured to accept."""
    return VerificationPolicy(
        issuer=deployment.issuer,
        audiences=audiences,
        algorithms=frozenset(SIGNING_ALGORITHMS),
        leeway=leeway,
        max_lifetime=TOKEN_HORIZON,
    )


def read_token(argument: str) -> str:
    """Return the token itself, from standard input for "-": an argument is visible to other users of the machine."""
    return read_standard_input().strip() if argument == "-" else argument


def unverified_header(raw: str) -> dict[str, Any]:
    """Return what the token says of itself; raises BadParameter if it is none."""
    if not raw.isascii():
        raise typer.BadParameter("this is no signed token: it has characters beyond ASCII")
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
