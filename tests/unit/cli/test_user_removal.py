"""Users as an operator erases them, and crashes in between."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from keyturn.domain.users.authority import Status
from tests.fakes.command_stack import CALLER, run
from tests.fakes.user_stack import EMAIL, UserStack, done, refusal

pytestmark = pytest.mark.usefixtures("stack")


def test_an_erased_user_leaves_a_tombstone_alone(stack: UserStack) -> None:
    """Status and time stay, so that the subject is never given again; all personal data is erased."""
    subject = stack.add("--name", "Ada Lovelace", "--claim", "tenant=acme")
    stack.login.sign_in(subject, "sid-1")
    shown = run("users", "remove", EMAIL, "--yes")
    assert shown.stdout == f"erased {subject}\n"
    assert "35 days" in shown.stderr
    authority = stack.authority(subject)
    assert authority is not None
    assert authority.status is Status.ERASED
    assert authority.claims == {}
    assert authority.erased_at is not None
    stored = json.dumps(stack.stored()).lower()
    assert not any(word in stored for word in ("ada", "lovelace", "acme"))
    assert stack.invocations.events[-1] == {"keyturn": "erase", "subject": subject, "actor": CALLER}


def test_the_tombstone_is_written_before_the_deletions(stack: UserStack) -> None:
    """The login erases nobody who may still sign in: an answer that got lost is continued by a repetition."""
    subject = stack.add()
    actions = stack.invocations.actions
    stack.invocations.fault = ReadTimeoutError(endpoint_url="https://lambda.example")
    said = refusal("users", "remove", subject, "--yes")
    assert f"run `keyturn users remove {subject}` again" in said
    assert done("users", "list")["users"][0]["state"] == "erasing"
    stack.invocations.fault = None
    seen: list[str] = []

    def note(event: dict[str, Any]) -> Any:
        authority = stack.authority(subject)
        assert authority is not None
        seen.append(authority.status)
        return actions(event)

    stack.invocations.actions = note
    assert done("users", "remove", subject, "--yes")["outcome"] == "erased"
    assert seen == ["erased"]
    assert stack.stored()["users"] == []


def test_an_erasure_may_be_repeated(stack: UserStack) -> None:
    """A second `remove` asks the login again, and keeps the time of the first."""
    subject = stack.add()
    done("users", "remove", subject, "--yes")
    first = stack.authority(subject)
    assert done("users", "remove", subject, "--yes")["outcome"] == "erased"
    assert stack.authority(subject) == first
    assert stack.actions() == ["add_user", "erase", "erase"]


@pytest.mark.parametrize("command", [("disable", "--yes"), ("enable",), ("unlock",), ("link",), ("claims",)])
def test_an_erased_user_stays_erased(stack: UserStack, command: tuple[str, ...]) -> None:
    """Each other command is refused, and says how the person gets a new account."""
    subject = stack.add()
    done("users", "remove", subject, "--yes")
    before = stack.stored()
    assert refusal("users", command[0], subject, *command[1:]).endswith("`keyturn users add`")
    assert stack.stored() == before


def test_the_address_of_an_erased_user_is_free(stack: UserStack) -> None:
    """The same person may be registered again, as another subject."""
    subject = stack.add()
    done("users", "remove", subject, "--yes")
    assert stack.add() != subject
