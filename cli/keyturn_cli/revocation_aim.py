"""The target that the options of `keyturn revoke` name, after the check that a token can have it."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import NamedTuple

import typer
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.clients.client import is_client_id
from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import Target, TargetKind, pair_target
from keyturn.jose import ANY_AUDIENCE, TokenError, TokenErrorReason, VerifiedAccessToken, verify_access_token
from keyturn.jose.claims import is_identifier
from keyturn.jose.policy import MAX_LEEWAY
from keyturn_cli.deployed_authorizer import EnvironmentWrong, read_environment, settings_of
from keyturn_cli.deployment import Deployment
from keyturn_cli.errors import problem_of
from keyturn_cli.output import format_time, print_note
from keyturn_cli.token import issuer_keys, read_token, unverified_claims, verification_policy

_KINDS = {
    "--jti": TargetKind.TOKEN,
    "--gid": TargetKind.GRANT,
    "--sid": TargetKind.SESSION,
    "--subject": TargetKind.SUBJECT,
    "--client": TargetKind.CLIENT,
}


class NothingToRevoke(KeyturnError):
    """The named tokens have expired by themselves; the message says when."""


class Aim(NamedTuple):
    """The target that the options name.

    `token` for --token; `before` in whole seconds for --all-before, None for the present.
    """

    target: Target
    token: VerifiedAccessToken | None = None
    before: int | None = None


def aim(deployment: Deployment, option: str, value: str) -> Aim:
    """Return the target of one option; raises BadParameter for a value that no token can have, and NothingToRevoke."""
    if option == "--token":
        return _aim_at_token(deployment, value)
    if option == "--all-before":
        return Aim(Target.of(TargetKind.GLOBAL, "0"), before=_time(value))
    return Aim(Target.of(_KINDS[option], _identifier(option, value)))


def aim_at_pair(subject: str, client_id: str) -> Aim:
    """Return the target of --subject and --client together; raises BadParameter for values that no token can have."""
    _identifier("--subject", subject)
    _identifier("--client", client_id)
    try:
        return Aim(pair_target(subject, client_id))
    except ValueError:
        raise typer.BadParameter(
            "the subject is the client itself, and --client alone revokes all of its tokens", param_hint="--subject"
        ) from None


def _identifier(option: str, value: str) -> str:
    """Return the value if a token can have it; raises BadParameter."""
    if option == "--client" and not is_client_id(value):
        raise typer.BadParameter(
            "a client id is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with u_",
            param_hint=option,
        )
    if not is_identifier(value):
        raise typer.BadParameter("an identifier is 1 to 256 characters without control characters", param_hint=option)
    return value


def _aim_at_token(deployment: Deployment, value: str) -> Aim:
    """Return a verified token by its jti: a forged or foreign token may carry the jti of a token of this stack."""
    raw = read_token(value)
    try:
        token = _verify(deployment, raw)
    except TokenError as error:
        if error.reason is TokenErrorReason.TOKEN_EXPIRED:
            ended = format_time(unverified_claims(raw)["exp"])
            raise NothingToRevoke(f"the token expired at {ended}") from None
        raise typer.BadParameter(
            f"this is not a valid token of the issuer {deployment.issuer}. {error} `keyturn token explain -` explains "
            "the refusal, and --jti revokes by the jti alone",
            param_hint="--token",
        ) from None
    return Aim(Target.of(TargetKind.TOKEN, token.jti), token=token)


def _verify(deployment: Deployment, raw: str) -> VerifiedAccessToken:
    """Return the token of the present issuer, or of a previous one that the deployed authorizer accepts."""
    keys, now = issuer_keys(deployment), deployment.clock().now().earliest
    policy = verification_policy(deployment, ANY_AUDIENCE, MAX_LEEWAY)
    try:
        return verify_access_token(raw, keys, policy, now=now)
    except TokenError as error:
        if error.reason is not TokenErrorReason.INVALID_ISSUER:
            raise
        # Only such a token needs the right to read the function's environment.
        try:
            previous = settings_of(read_environment(deployment)).previous_issuers
        except (EnvironmentWrong, BotoCoreError, ClientError) as fault:
            print_note(f"the previous issuers of the stack are unknown: {problem_of(fault)}")
            raise error from None
    policy = verification_policy(deployment, ANY_AUDIENCE, MAX_LEEWAY, previous)
    return verify_access_token(raw, keys, policy, now=now)


def _time(value: str) -> int | None:
    """Return a time in whole seconds, or None for now; raises BadParameter."""
    if value == "now":
        return None
    try:
        time = datetime.fromisoformat(value)
        # Reject times that UTC cannot represent.
        instant = None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise typer.BadParameter(
            "this is neither `now` nor a time with its zone, such as 2026-09-21T14:13:20Z (RFC 3339)",
            param_hint="--all-before",
        )
    return floor(instant.timestamp())
