"""`keyturn token`: look into an access token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer

from authorizer.refusal import Refused
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS, to_jwks
from keyturn.jose import KeySet, VerificationPolicy, VerifiedAccessToken
from keyturn_cli.deployed_authorizer import DeployedAuthorizer, read_environment, settings_of
from keyturn_cli.deployment import TOKEN_HORIZON, Deployment, find_deployment
from keyturn_cli.explanation import explain as explain_reason
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import format_time, print_json, print_line, print_rows
from keyturn_cli.values import read_standard_input

app = StackCommands(no_args_is_help=True, help="Look into a token.")

_TIMES = ("iat", "nbf", "exp", "auth_time")


@app.callback()
def token() -> None:
    """Look into a token."""


@app.command()
def decode(
    token: Annotated[str, typer.Argument(help="An access token; - reads it from standard input.")] = "-",
    verify: Annotated[bool, typer.Option("--verify", help="Say whether the deployed authorizer accepts it.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Print a token's header and claims; without --verify nothing says that they are true."""
    raw = read_token(token)
    header, claims = unverified_header(raw), unverified_claims(raw)
    verdict = "not verified"
    if verify:
        _, told = judge(raw, deployed_authorizer(find_deployment(stack, Path.cwd())))
        verdict = "valid" if told["verdict"] == "valid" else f"{told['verdict']}: {told['sentence']}"
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
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the deployed authorizer accepts a token, or which rule refuses it; exit code 1 if it is refused.

    The function's own settings decide: issuers, audiences, lifetime, clock skew.
    `keyturn rules explain` asks for a route.
    """
    raw = read_token(token)
    _, told = judge(raw, deployed_authorizer(find_deployment(stack, Path.cwd())))
    if as_json:
        print_json(told)
    else:
        print_rows(told)
    if told["verdict"] != "valid":
        raise typer.Exit(1)


def judge(raw: str, authorizer: DeployedAuthorizer) -> tuple[VerifiedAccessToken | None, dict[str, str]]:
    """Return the token if the authorizer accepts it, and an explanation; its `verdict` is valid, refused or revoked."""
    try:
        verified = authorizer.authenticate(raw)
    except Refused as refusal:
        return None, explain_refusal(refusal, raw, authorizer)
    told = {"verdict": "valid", "found": f"exp {format_time(verified.expires_at)}"}
    return verified, told | {"revocations": asked_revocations(authorizer)}


def explain_refusal(refusal: Refused, raw: str, authorizer: DeployedAuthorizer) -> dict[str, str]:
    """Return the explanation of a token that the authorizer refuses."""
    told = explain_reason(refusal.reason, raw, authorizer.keys, authorizer.policy, authorizer.now)
    if refusal.token is None or refusal.reason == "sender_constrained":
        return {"verdict": "refused"} | told | {"revocations": "not asked, since the token is refused without them"}
    if refusal.reason != "revoked":
        return {"verdict": "refused"} | told | {"revocations": asked_revocations(authorizer)}
    revocation = authorizer.revocation_of(refusal.token)
    found = {} if revocation is None else {"found": revocation.target.key}
    return {"verdict": "revoked"} | told | found | {"revocations": asked_revocations(authorizer)}


def asked_revocations(authorizer: DeployedAuthorizer) -> str:
    """Return how the stored revocations were asked for, and how late the deployed function may be."""
    settings = authorizer.settings
    if settings.revocation_mode == "strict":
        return "asked, as the function asks"
    return f"asked; the function is in the mode snapshot, and follows within {settings.revocation_bound} s"


def deployed_authorizer(deployment: Deployment) -> DeployedAuthorizer:
    """Return the stack's authorizer, with its environment as it is now; raises EnvironmentWrong."""
    return DeployedAuthorizer(deployment, settings_of(read_environment(deployment)))


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
