"""The caller of a command, as STS names it: the account that is about to change, and the actor in the record.

A user name of this machine is no record: any user can set LOGNAME, and many operators share `root`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.embedded_stack import NoDeployment

# The functions refuse a longer actor.
_MAX_ACTOR = 256


class Caller(NamedTuple):
    """The account of the credentials, and the ARN of the user or of the role's session."""

    account: str
    arn: str

    @property
    def actor(self) -> str:
        """The ARN for the record. A longer one loses its path, since an account has each user name once."""
        if len(self.arn) <= _MAX_ACTOR:
            return self.arn
        kind, _, rest = self.arn.partition("/")
        return f"{kind}/{rest.rpartition('/')[2]}"[:_MAX_ACTOR]


def find_caller(stack: str, client: Callable[..., Any]) -> Caller:
    """Return the caller of the credentials; raises NoDeployment where STS does not name it."""
    try:
        found = client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise NoDeployment(
            f"nothing was done, since the account of stack {stack} is unknown: {error}",
            "try `aws sts get-caller-identity` with the same credentials and Region",
        ) from None
    return Caller(found["Account"], found["Arn"])
