"""Notes on the unknown target of a revocation: a misspelt identifier revokes nothing.

A client or a grant may be deleted while its tokens are still valid. So a note does not refuse the revocation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.grants.grant_item import grant_key
from keyturn.domain.clients.client import is_client_id
from keyturn.domain.errors import KeyturnError
from keyturn.domain.users.subject import is_subject
from keyturn_cli.deployment import Deployment

# The issuer and the login make each jti, gid and sid of 128 random bits as base64url.
_RANDOM_ID = re.compile("[A-Za-z0-9_-]{22}")


def notes_on_target(deployment: Deployment, given: Mapping[str, str]) -> list[str]:
    """Return a note for each given option whose value is unknown to the stack, or whose lookup fails."""
    return [note for option, value in given.items() if option in _CHECKS for note in _CHECKS[option](deployment, value)]


def _note_client(deployment: Deployment, client_id: str) -> Iterator[str]:
    yield from _unless_found(
        lambda: deployment.clients().get(client_id) is not None,
        f"no client is registered as {client_id}: it was removed, or the id is misspelt",
    )


def _note_subject(deployment: Deployment, subject: str) -> Iterator[str]:
    if is_subject(subject):
        yield from _unless_found(
            lambda: deployment.users().get(subject) is not None or deployment.authorities().get(subject) is not None,
            f"no user has the subject {subject}: the user was removed, or the subject is misspelt",
        )
    elif is_client_id(subject):
        yield from _note_client(deployment, subject)
    else:
        yield f"{subject} is neither the subject of a user nor the id of a client"


def _note_grant(deployment: Deployment, gid: str) -> Iterator[str]:
    if _RANDOM_ID.fullmatch(gid) is None:
        yield from _note_random_id("gid")(deployment, gid)
        return
    yield from _unless_found(
        lambda: _is_stored(deployment, gid), f"no grant with the gid {gid} is stored: it ended, or the gid is misspelt"
    )


def _is_stored(deployment: Deployment, gid: str) -> bool:
    # The key alone: the item has the user's claims.
    with aws_errors("DynamoDB GetItem of a grant"):
        answer = deployment.dynamodb.get_item(
            TableName=deployment.grant_table, Key=grant_key(gid), ProjectionExpression="pk", ConsistentRead=True
        )
    return "Item" in answer


def _note_random_id(name: str) -> Callable[[Deployment, str], Iterator[str]]:
    def note(_deployment: Deployment, value: str) -> Iterator[str]:
        if _RANDOM_ID.fullmatch(value) is None:
            yield f"{value} is no {name} of a Keyturn stack, which has 22 characters of A-Z a-z 0-9 - _"

    return note


def _unless_found(is_found: Callable[[], bool], note: str) -> Iterator[str]:
    try:
        if not is_found():
            yield note
    except (KeyturnError, BotoCoreError, ClientError) as fault:
        # A store that fails must not hold up an emergency.
        yield f"the target was not looked up: {fault}"


_CHECKS: dict[str, Callable[[Deployment, str], Iterator[str]]] = {
    "--client": _note_client,
    "--subject": _note_subject,
    "--gid": _note_grant,
    "--sid": _note_random_id("sid"),
    "--jti": _note_random_id("jti"),
}
