"""`keyturn token`: decode an access token, and explain its verification."""

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
from keyturn_cli.deployment import LONGEST_TOKEN_LIFETIME, Deployment, find_deployment
from keyturn_cli.explanation import explain as explain_reason
from keyturn_cli.options import AsJson, Stack, StackCommands
from keyturn_cli.output import format_time, print_json, print_line, print_rows
from keyturn_cli.values import read_standard_input

app = StackCommands(no_args_is_help=True, help="Decode a token, and explain why it is accepted or refused.")

_TIMES = ("iat", "nbf", "exp", "auth_time")


@app.callback()
def token() -> None:
    """Decode a token, and explain why it is accepted or refused."""


@app.command()
def decode(
    token: Annotated[str, typer.Argument(help="An access token; - reads it from standard input.")] = "-",
    verify: Annotated[bool, typer.Option("--verify", help="Check whether the deployed authorizer accepts it.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Print a token's header and claims, which are unverified unless --verify is given."""
    raw = read_token(token)
    header, claims = unverified_header(raw), unverified_claims(raw)
    verdict = "not verified"
    if verify:
        _, explained = explain_verification(raw, deployed_authorizer(find_deployment(stack, Path.cwd())))
        verdict = "valid" if explained["verdict"] == "valid" else f"{explained['verdict']}: {explained['sentence']}"
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
    """Return a printable text as it is, and any other value as JSON: the token may be forged."""
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)


def _when(value: Any) -> str:
    """Return the time of a number, or an empty text for a value outside the calendar."""
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
    """Explain whether the deployed authorizer accepts a token, or which rule refuses it, with exit code 1.

    The settings of the function decide: issuers, audiences, lifetime, clock skew. `keyturn rules explain` adds a route.
    """
    raw = read_token(token)
    _, explained = explain_verification(raw, deployed_authorizer(find_deployment(stack, Path.cwd())))
    if as_json:
        print_json(explained)
    else:
        print_rows(explained)
    if explained["verdict"] != "valid":
        raise typer.Exit(1)


def explain_verification(raw: str, authorizer: DeployedAuthorizer) -> tuple[VerifiedAccessToken | None, dict[str, str]]:
    """Return the token if the authorizer accepts it, and an explanation; its `verdict` is valid, refused or revoked."""
    try:
        verified = authorizer.authenticate(raw)
    except Refused as refusal:
        return None, explain_refusal(refusal, raw, authorizer)
    explained = {"verdict": "valid", "found": f"exp {format_time(verified.expires_at)}"}
    return verified, explained | {"revocations": asked_revocations(authorizer)}


def explain_refusal(refusal: Refused, raw: str, authorizer: DeployedAuthorizer) -> dict[str, str]:
    """Return the explanation of a token that the authorizer refuses."""
    explained = explain_reason(refusal.reason, raw, authorizer.keys, authorizer.policy, authorizer.now)
    if refusal.token is None or refusal.reason == "sender_constrained":
        return {"verdict": "refused"} | explained | {"revocations": "not read, since the token is refused without them"}
    if refusal.reason != "revoked":
        return {"verdict": "refused"} | explained | {"revocations": asked_revocations(authorizer)}
    revocation = authorizer.revocation_of(refusal.token)
    found = {} if revocation is None else {"found": revocation.target.key}
    return {"verdict": "revoked"} | explained | found | {"revocations": asked_revocations(authorizer)}


def asked_revocations(authorizer: DeployedAuthorizer) -> str:
    """Return how the stored revocations were read, and how late the deployed function may follow."""
    settings = authorizer.settings
    if settings.revocation_mode == "strict":
        return "read, as the function reads them"
    return f"read; the function is in the mode snapshot, and follows within {settings.revocation_bound} s"


def deployed_authorizer(deployment: Deployment) -> DeployedAuthorizer:
    """Return the stack's authorizer, with its environment as it is now; raises EnvironmentWrong."""
    return DeployedAuthorizer(deployment, settings_of(read_environment(deployment)))


def issuer_keys(deployment: Deployment) -> KeySet:
    """Return the keys that the stack publishes."""
    return KeySet.from_jwks(to_jwks(deployment.key_rings().load_all()))


def verification_policy(
    deployment: Deployment, audiences: Any, leeway: int, previous_issuers: frozenset[str] = frozenset()
) -> VerificationPolicy:
    """Return the stack's verification policy, with the longest lifetime that a stack can accept."""
    return VerificationPolicy(
        issuer=deployment.issuer,
        previous_issuers=previous_issuers,
        audiences=audiences,
        algorithms=frozenset(SIGNING_ALGORITHMS),
        leeway=leeway,
        max_lifetime=LONGEST_TOKEN_LIFETIME,
    )


def read_token(argument: str) -> str:
    """Return the token, from standard input for "-": other users of the machine can see an argument."""
    return read_standard_input().strip() if argument == "-" else argument


def unverified_header(raw: str) -> dict[str, Any]:
    """Return the unverified header; raises BadParameter for a text that is not a token."""
    if not raw.isascii():
        raise typer.BadParameter("this is not a signed token: it has characters beyond ASCII")
    try:
        return jwt.get_unverified_header(raw)
    except jwt.InvalidTokenError as error:
        raise typer.BadParameter(f"this is not a signed token: {error}") from None


def unverified_claims(raw: str) -> dict[str, Any]:
    """Return the unverified claims; raises BadParameter for a text that is not a token."""
    try:
        claims: dict[str, Any] = jwt.decode(raw, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise typer.BadParameter(f"this is not a signed token: {error}") from None
    return claims
