"""Users as an operator registers, lists and shows them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import is_subject
from tests.fakes.command_stack import deployment, run
from tests.fakes.operator_login import LINK
from tests.fakes.token_factory import NOW
from tests.fakes.user_stack import EMAIL, UserStack, done, refusal

LOST = ReadTimeoutError(endpoint_url="https://lambda.example")


pytestmark = pytest.mark.usefixtures("stack")


def test_a_user_is_registered_with_status_and_profile(stack: UserStack) -> None:
    """`users add` stores an active status with custom claims, and a profile with standard claims."""
    standard = ("--given-name", "Ada", "--family-name", "Lovelace", "--standard-claim", "birthdate=1815")
    address = ("--standard-claim", 'address={"locality": "London"}')
    rest = ("--name", "Ada Lovelace", "--locale", "en-GB", "--claim", 'roles=["admin"]')
    subject = stack.add(*standard, *address, *rest)
    assert is_subject(subject)
    authority, user = stack.authority(subject), stack.user(subject)
    assert authority == Authority(subject=subject, status=Status.ACTIVE, claims={"roles": ["admin"]})
    assert user is not None
    assert (user.email, user.name, user.locale) == (EMAIL, "Ada Lovelace", "en-GB")
    names = {"given_name": "Ada", "family_name": "Lovelace", "birthdate": "1815"}
    assert user.claims == names | {"address": {"locality": "London"}}


def test_the_status_is_written_before_the_profile(stack: UserStack) -> None:
    """A crash between the two writes leaves a status alone, which nobody can sign in with."""
    seen: list[int] = []
    actions = stack.invocations.actions

    def note(event: dict[str, Any]) -> Any:
        seen.append(len(stack.stored()["authorities"]))
        return actions(event)

    stack.invocations.actions = note
    stack.add()
    assert seen == [1]


def test_a_link_is_printed_with_the_subject(stack: UserStack) -> None:
    """`users add --link` prints the one-time link, and how long it works."""
    shown = run("users", "add", EMAIL, "--link")
    assert shown.exit_code == 0
    assert f"link     {LINK}\nuntil    2026-09-2" in shown.stdout
    assert stack.actions() == ["add_user", "create_link"]


def test_a_link_that_fails_hides_no_user(stack: UserStack) -> None:
    """The subject is printed although no link was made; the exit code is 1."""
    actions = stack.invocations.actions

    def without_links(event: dict[str, Any]) -> Any:
        refused = {"error": "not_active", "message": "no link"}
        return refused if event["keyturn"] == "create_link" else actions(event)

    stack.invocations.actions = without_links
    shown = run("users", "add", EMAIL, "--link")
    assert shown.exit_code == 1
    assert shown.stdout.startswith("subject  u_")
    assert "no link was made: no link: run `keyturn users link u_" in shown.stderr


@pytest.mark.parametrize("email", [EMAIL, "ada@example.com", "ADA@EXAMPLE.COM"])
def test_an_address_that_is_taken_writes_nothing(stack: UserStack, email: str) -> None:
    """Another spelling of a reserved address is refused, with the subject that has it."""
    owner = stack.add()
    before = stack.stored()
    assert refusal("users", "add", email).startswith(f"{owner} has this address already")
    assert stack.stored() == before
    assert stack.actions() == ["add_user"]


def test_of_two_operators_at_once_one_registers_the_address(stack: UserStack) -> None:
    """The login decides a race: the loser's status is removed again."""
    actions = stack.invocations.actions
    first: list[str] = []

    def overtaken(event: dict[str, Any]) -> Any:
        stack.invocations.actions = actions
        first.append(stack.add())
        return actions(event)

    stack.invocations.actions = overtaken
    assert refusal("users", "add", EMAIL).startswith(f"{first[0]} has this address already")
    assert [item["pk"]["S"] for item in stack.stored()["authorities"]] == [f"u#{first[0]}"]


def test_a_lost_answer_is_no_failure(stack: UserStack) -> None:
    """The reservation of the address says that the profile was stored."""
    stack.invocations.fault, stack.invocations.lost = LOST, True
    subject = stack.add()
    assert stack.user(subject) is not None


@pytest.mark.parametrize("failure", ["fault", "function_error"])
def test_a_creation_that_stopped_half_way_is_named_and_cleared(stack: UserStack, failure: str) -> None:
    """The message names the subject; `list` and `show` say incomplete, and `remove` clears it."""
    setattr(stack.invocations, failure, LOST if failure == "fault" else True)
    stack.invocations.actions = lambda _: {}
    said = refusal("users", "add", EMAIL)
    subject = said.split()[0]
    assert f"`keyturn users remove {subject}` clears it" in said
    [listed] = done("users", "list")["users"]
    assert (listed["subject"], listed["state"]) == (subject, "incomplete")
    assert done("users", "show", subject)["state"] == "incomplete"
    assert done("users", "remove", subject, "--yes")["outcome"] == "removed"
    assert stack.stored() == {"users": [], "authorities": [], "revocations": []}


def test_a_profile_that_the_login_refuses_leaves_nothing(stack: UserStack) -> None:
    """A refusal is final: the status is removed, and the login's sentence is the message."""
    stack.invocations.actions = lambda _: {"error": "bad_request", "message": "a locale is a language tag"}
    assert refusal("users", "add", EMAIL).startswith("a locale is a language tag: ")
    assert stack.stored()["authorities"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("ada",),
        ("a b@example.com",),
        ("ada@",),
        (f"{'a' * 300}@example.com",),
        (EMAIL, "--claim", "tenant"),
        (EMAIL, "--claim", "a=1", "--claim", "a=2"),
        (EMAIL, "--claim", "sub=x"),
        (EMAIL, "--claim", "a=1.5"),
        (EMAIL, "--standard-claim", "nickname"),
        (EMAIL, "--standard-claim", "email=b@example.com"),
        (EMAIL, "--standard-claim", "address=London"),
        (EMAIL, "--name", "a\x1b[2J"),
        (EMAIL, "--name", "a" * 201),
    ],
)
def test_a_wrong_user_is_refused_before_a_write(stack: UserStack, wrong: tuple[str, ...]) -> None:
    """An address, name or claim that breaks a rule is refused before a write or a call of the login."""
    assert run("users", "add", *wrong).exit_code != 0
    assert stack.stored() == {"users": [], "authorities": [], "revocations": []}
    assert stack.invocations.events == []


def test_no_error_repeats_an_address(stack: UserStack) -> None:
    """Terminals are logged in CI: messages name subjects."""
    stack.add()
    for arguments in (("add", EMAIL), ("show", "bob@example.com")):
        assert "@" not in refusal("users", *arguments)


@pytest.mark.parametrize("name", [EMAIL, "ada@example.com"])
def test_a_user_is_shown_by_subject_and_by_address(stack: UserStack, name: str) -> None:
    """`users show` prints profile, status, claims and the number of sessions."""
    subject = stack.add("--name", "Ada", "--claim", "tenant=acme")
    stack.login.sign_in(subject, "sid-1")
    expected = done("users", "show", subject)
    assert done("users", "show", name) == expected
    assert expected == {
        "subject": subject,
        "state": "active",
        "email": EMAIL,
        "name": "Ada",
        "created_at": NOW,
        "email_verified_at": NOW,
        "locale": None,
        "standard_claims": {},
        "updated_at": NOW,
        "custom_claims": {"tenant": "acme"},
        "erased_at": None,
        "sessions": 1,
        "consents": [],
    }
    text = run("users", "show", name).stdout
    assert "created_at         2026-09-2" in text
    assert "sessions           1" in text


def test_a_login_that_is_away_leaves_the_rest_to_show(stack: UserStack) -> None:
    """Profile and status are shown, and why the sessions are not."""
    subject = stack.add()
    stack.invocations.fault = LOST
    shown = run("users", "show", subject)
    assert shown.exit_code == 0
    assert EMAIL in shown.stdout
    assert "the number of sessions is unknown" in shown.stderr


@pytest.mark.parametrize("name", ["u_" + "a" * 22, "bob@example.com"])
@pytest.mark.parametrize(
    "command",
    [("show",), ("disable", "--yes"), ("enable",), ("unlock",), ("link",), ("remove", "--yes"), ("sessions",)],
)
def test_an_unknown_user_is_an_error_that_says_where_all_are(
    stack: UserStack, command: tuple[str, ...], name: str
) -> None:
    """Each command says `users list`, and changes nothing."""
    assert "`keyturn users list`" in refusal("users", *command, name)
    assert stack.invocations.events == []


def test_a_name_that_is_neither_subject_nor_address_is_a_usage_error() -> None:
    """A first name finds nobody by chance."""
    shown = run("users", "show", "Ada")
    assert shown.exit_code == 2


def test_users_are_listed_page_by_page(stack: UserStack) -> None:
    """Every user is listed once, however the pages are cut; `next` continues a list that --limit stopped."""
    subjects = {stack.add(email=f"user{number}@example.com") for number in range(7)}
    whole = done("users", "list")
    assert {each["subject"] for each in whole["users"]} == subjects
    assert whole["next"] is None
    first = done("users", "list", "--limit", "3")
    rest = done("users", "list", "--after", first["next"])
    assert [each["subject"] for each in first["users"] + rest["users"]] == [u["subject"] for u in whole["users"]]
    shown = run("users", "list", "--limit", "3")
    assert f"note: there are more: `keyturn users list --after {first['next']}`" in shown.stderr
    assert len(shown.stdout.splitlines()) == 4


def test_long_lists_show_their_progress(stack: UserStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every so many users a note says how many were read."""
    monkeypatch.setattr("keyturn_cli.users._PROGRESS", 2)
    for number in range(3):
        stack.add(email=f"user{number}@example.com")
    assert "note: 3 users read" in run("users", "list").stderr


def test_erased_users_are_listed_on_request(stack: UserStack) -> None:
    """A tombstone is no user: --erased lists it."""
    subject = stack.add()
    done("users", "remove", subject, "--yes")
    assert done("users", "list")["users"] == []
    assert [each["state"] for each in done("users", "list", "--erased")["users"]] == ["erased"]


def test_claims_are_changed_one_by_one(stack: UserStack) -> None:
    """--set and --unset change what they name; without them the claims are shown and nothing is written."""
    subject = stack.add("--claim", "tenant=acme", "--claim", "tier=3")
    changed = done("users", "claims", subject, "--set", "tier=4", "--set", "beta=true", "--unset", "tenant")
    assert changed["claims"] == {"tier": 4, "beta": True}
    assert done("users", "claims", EMAIL)["claims"] == {"tier": 4, "beta": True}
    authority = stack.authority(subject)
    assert authority is not None
    assert (authority.claims, authority.revision) == ({"tier": 4, "beta": True}, 1)
    assert run("users", "claims", subject, "--set", "a=1", "--unset", "a").exit_code == 2
    assert isinstance(run("users", "claims", subject, "--set", "sub=x").exception, ValueError)


def test_a_link_is_made_for_an_active_user(stack: UserStack) -> None:
    """`users link` prints the link once; a disabled user has to be enabled first."""
    subject = stack.add()
    assert done("users", "link", EMAIL) == {"subject": subject, "link": LINK, "expires_at": NOW + 7 * 86_400}
    shown = run("users", "link", subject)
    assert LINK in shown.stdout
    assert "to the user alone" in shown.stderr
    done("users", "disable", subject, "--yes")
    assert f"run `keyturn users enable {subject}` first" in refusal("users", "link", subject)


def test_a_user_without_status_can_be_shown_and_removed(stack: UserStack) -> None:
    """A profile whose status is lost cannot sign in; only `remove` works on it."""
    subject = stack.add()
    deployment().authorities().remove(subject)
    assert done("users", "show", subject)["state"] == "unknown"
    assert f"`keyturn users remove {subject}`" in refusal("users", "enable", subject)
    assert done("users", "remove", subject, "--yes")["outcome"] == "erased"
    authority = stack.authority(subject)
    assert authority is not None
    assert authority.status is Status.ERASED


def test_the_table_has_a_column_for_each_question(stack: UserStack) -> None:
    """`users list` shows subject, state, address, name and the time of creation."""
    subject = stack.add("--name", "Ada")
    [headings, line] = run("users", "list").stdout.splitlines()
    assert headings.split() == ["SUBJECT", "STATE", "EMAIL", "NAME", "CREATED"]
    assert line.split()[:4] == [subject, "active", EMAIL, "Ada"]
