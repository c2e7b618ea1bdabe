"""The actor of a command's record: the identity that STS names, which the variables of a shell cannot change."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from keyturn_cli.caller import Caller, find_caller
from keyturn_cli.embedded_stack import NoDeployment

ACCOUNT = "111122223333"


def caller(arn: str) -> Caller:
    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"UserId": "AIDA", "Account": ACCOUNT, "Arn": arn}

    return find_caller("keyturn", lambda _service: Sts())


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/ada",
        f"arn:aws-us-gov:iam::{ACCOUNT}:user/operators/ada",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{'r' * 64}/{'s' * 64}",
        f"arn:aws:sts::{ACCOUNT}:federated-user/ada",
    ],
)
def test_the_actor_is_the_arn_of_the_caller(monkeypatch: pytest.MonkeyPatch, arn: str) -> None:
    """A user, a role's session and the root are recorded by their ARN, and LOGNAME is ignored."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert caller(arn) == (ACCOUNT, arn)
    assert caller(arn).actor == arn


def test_a_long_path_of_a_user_is_left_out() -> None:
    """IAM allows a path of 512 characters: the actor keeps the user name, which is unique in its account."""
    actor = caller(f"arn:aws:iam::{ACCOUNT}:user/{'p' * 510}/{'n' * 64}").actor
    assert actor == f"arn:aws:iam::{ACCOUNT}:user/{'n' * 64}"


def test_an_unknown_caller_is_an_error() -> None:
    """Without an answer of STS the command stops, and names the next step."""

    class Sts:
        def get_caller_identity(self) -> Any:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")

    with pytest.raises(NoDeployment, match=r"nothing was done.*expired"):
        find_caller("keyturn", lambda _service: Sts())
