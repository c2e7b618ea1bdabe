"""Users as an operator disables, enables and unlocks them, and ends their sessions."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.users.authority import Status
from tests.fakes.command_stack import CALLER, deployment, run
from tests.fakes.user_stack import EMAIL, UserStack, done, refusal

pytestmark = pytest.mark.usefixtures("stack")


def cutoffs(subject: str) -> tuple[Revocation, ...]:
    reader = DynamoDbRevocationReader(deployment().dynamodb, "revocations")
    return reader.find([Target.of(TargetKind.SUBJECT, subject)])


def status(stack: UserStack, subject: str) -> Status | None:
    authority = stack.authority(subject)
    return None if authority is None else authority.status


def test_a_disabled_user_has_no_sign_in_and_no_token(stack: UserStack) -> None:
    """`users disable` writes the status, and a cutoff for every session and token so far."""
    subject = stack.add()
    before = int(deployment().clock().now().earliest)
    assert done("users", "disable", EMAIL, "--yes") == {"subject": subject, "outcome": "disabled"}
    assert status(stack, subject) is Status.DISABLED
    [cutoff] = cutoffs(subject)
    assert cutoff.not_before is not None
    assert cutoff.not_before >= before
    [item] = [each for each in stack.stored()["revocations"] if each["pk"]["S"] == f"sub#{subject}"]
    assert (item["reason"], item["actor"]) == ({"S": "disabled by an operator"}, {"S": CALLER})


def test_the_status_is_written_before_the_cutoff(stack: UserStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in between the two writes would outlive the cutoff: a failed cutoff leaves the user disabled."""
    subject = stack.add()

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("DynamoDB is away")

    with monkeypatch.context() as broken:
        broken.setattr("keyturn.adapters.revocations.dynamodb_revocations.DynamoDbRevocationWriter.revoke", fail)
        said = refusal("users", "disable", subject, "--yes")
    assert said.endswith(f"run `keyturn users disable {subject}` again")
    assert (status(stack, subject), cutoffs(subject)) == (Status.DISABLED, ())
    done("users", "disable", subject, "--yes")
    assert len(cutoffs(subject)) == 1


@pytest.mark.parametrize(
    "command", [("disable",), ("sessions", "--end-all"), ("remove",)], ids=lambda command: command[0]
)
def test_a_question_comes_before_many_tokens_are_hit(stack: UserStack, command: tuple[str, ...]) -> None:
    """Without --yes the operator is asked; "no" changes nothing, "yes" does it."""
    subject = stack.add()
    stack.login.sign_in(subject, "sid-1")
    before = stack.stored()
    refused = run("users", command[0], subject, *command[1:], stdin="n\n")
    assert refused.exit_code == 1
    assert subject in refused.stderr
    assert stack.stored() == before
    assert stack.actions() == ["add_user"]
    assert run("users", command[0], subject, *command[1:], stdin="y\n").exit_code == 0
    assert (stack.stored(), stack.actions()) != (before, ["add_user"])


def test_an_enabled_user_has_the_old_claims(stack: UserStack) -> None:
    """`users enable` changes the status alone, and may be repeated."""
    subject = stack.add("--claim", "tenant=acme")
    done("users", "disable", subject, "--yes")
    for _ in range(2):
        assert done("users", "enable", subject) == {"subject": subject, "outcome": "enabled"}
    authority = stack.authority(subject)
    assert authority is not None
    assert (authority.status, authority.claims, authority.revision) == (Status.ACTIVE, {"tenant": "acme"}, 2)
    assert len(cutoffs(subject)) == 1


def test_unlock_is_asked_of_the_login(stack: UserStack) -> None:
    """The operator writes none of the login's tables."""
    subject = stack.add()
    stack.login.attempts.failed[subject] = 100
    done("users", "unlock", EMAIL)
    assert stack.login.attempts.failures(subject) == 0


def test_sessions_are_listed_and_ended(stack: UserStack) -> None:
    """`users sessions` shows each browser; --end ends one, --end-all the others."""
    subject = stack.add()
    for number in range(3):
        stack.login.sign_in(subject, f"sid-{number}")
    shown = run("users", "sessions", EMAIL).stdout
    assert shown.splitlines()[0].split() == ["SID", "SIGNED", "IN", "LAST", "USED", "UNTIL", "DEVICE"]
    assert shown.count("Firefox on Linux") == 3
    assert done("users", "sessions", subject, "--end", "sid-1") == {"subject": subject, "ended": 1}
    assert {each["session_id"] for each in done("users", "sessions", subject)["sessions"]} == {"sid-0", "sid-2"}
    assert "ended 2 sessions of" in run("users", "sessions", subject, "--end-all", "--yes").stdout
    assert stack.invocations.events[-1]["actor"] == CALLER
    assert run("users", "sessions", subject, "--end-all", "--end", "sid-1").exit_code == 2


def test_a_session_that_is_not_there_is_an_error(stack: UserStack) -> None:
    """A mistyped sid must not look like an ended session."""
    subject = stack.add()
    assert "`keyturn users sessions" in refusal("users", "sessions", subject, "--end", "sid-9")


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="https://lambda.example"), None])
@pytest.mark.parametrize("command", [("unlock",), ("link",), ("sessions",)], ids=lambda command: command[0])
def test_a_login_that_fails_is_one_sentence(
    stack: UserStack, command: tuple[str, ...], error: Exception | None
) -> None:
    """The error for a login that fails or times out omits the text of the function."""
    subject = stack.add()
    stack.invocations.fault = error
    stack.invocations.function_error = True
    stack.invocations.actions = lambda _: {"errorMessage": "ada@example.com"}
    said = refusal("users", *command, subject)
    assert said.startswith("the login ")
    assert "@" not in said


@pytest.mark.parametrize("answer", [[], "text", 1])
def test_a_login_that_answers_otherwise_is_no_success(stack: UserStack, answer: object) -> None:
    """An answer of another form is an error."""
    subject = stack.add()
    stack.invocations.actions = lambda _: answer
    assert refusal("users", "unlock", subject).startswith("the login ")
