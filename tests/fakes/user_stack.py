"""A stack in moto with a login: the operator's `keyturn users` runs on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.domain.users.authority import Authority
from keyturn.domain.users.user import User
from tests.fakes.command_stack import command_stack, deployment, run
from tests.fakes.login_invocations import LoginInvocations, login_function
from tests.fakes.operator_login import OperatorLogin

EMAIL = "Ada@Example.com"


class UserStack:
    """The stores of a stack, and its login."""

    def __init__(self, invocations: LoginInvocations, login: OperatorLogin, users: DynamoDbUsers) -> None:
        self.invocations = invocations
        self.login = login
        self.users = users

    def add(self, *options: str, email: str = EMAIL) -> str:
        """Register a user by the command, and return the subject."""
        subject: str = done("users", "add", email, *options)["subject"]
        return subject

    def authority(self, subject: str) -> Authority | None:
        """Return the stored status and claims."""
        return deployment().authorities().get(subject)

    def user(self, subject: str) -> User | None:
        """Return the stored profile."""
        return deployment().users().get(subject)

    def actions(self) -> list[str]:
        """Return the actions that the login received."""
        return [event["keyturn"] for event in self.invocations.events]

    def stored(self) -> dict[str, list[Any]]:
        """Return every item about users."""
        dynamodb = deployment().dynamodb
        return {table: [*dynamodb.scan(TableName=table)["Items"]] for table in ("users", "authorities", "revocations")}


@contextmanager
def user_stack(project: Path) -> Iterator[UserStack]:
    """Bring up a stack with a login, and describe it in this folder."""
    with command_stack(project):
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        users = DynamoDbUsers(dynamodb, "users")
        login = OperatorLogin(users, DynamoDbAuthorities(dynamodb, "authorities"))
        with login_function(login) as invocations:
            yield UserStack(invocations, login, users)


def done(*arguments: str) -> dict[str, Any]:
    """Return the JSON of a command that succeeds."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refusal(*arguments: str, stdin: str | None = None) -> str:
    """Return the sentence of a command that fails."""
    result = run(*arguments, stdin=stdin)
    assert result.exception is not None
    assert result.exit_code == 1
    return str(result.exception)
