"""`keyturn users` on the embedded stack: each command, and its effect on the user's browser and tokens."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.browser import Browser
from tests.integration.http import statuses
from tests.integration.people import Person, choose_password
from tests.integration.test_command import keyturn, run
from tests.integration.user_stack import Application, answer_of, register

if TYPE_CHECKING:
    from local.stack_file import StackFile

VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def application(stack: StackFile) -> Application:
    """Return a client of users."""
    return register(stack)


@pytest.fixture
def user(stack: StackFile) -> Person:
    """Return a user whom the command registered, with a password chosen by the link that it printed."""
    email, password = f"operated-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(24)
    added = users(stack, "add", email, "--name", "Ada Lovelace", "--link")
    browser = Browser(stack)
    assert choose_password(browser, added["link"], password).status_code == 200
    return Person(added["subject"], email, password, browser)


def users(stack: StackFile, *arguments: str) -> Any:
    """Return the answer of a command to a program."""
    return json.loads(keyturn(stack, "users", *arguments, "--json"))


def sign_in(application: Application, user: Person) -> dict[str, Any]:
    """Return the tokens of a user who signs in, or has a session, and agrees."""
    answer = user.agree(user.browser.open(application.authorization_url(VERIFIER)))
    tokens: dict[str, Any] = application.redeem(answer_of(answer)["code"], VERIFIER).json()
    return tokens


def is_over(application: Application, user: Person, tokens: dict[str, Any]) -> bool:
    """Return whether the session, the access token and the refresh token are all refused."""
    silent = answer_of(user.browser.open(application.authorization_url(VERIFIER, prompt="none")))
    refreshed = application.refresh(tokens["refresh_token"])
    apis = set(statuses(application.stack, tokens["access_token"]).values())
    return (silent.get("error"), refreshed.status_code) == ("login_required", 400) and apis <= {401, 403}


def test_a_registered_user_is_shown_with_session_and_consent(application: Application, user: Person) -> None:
    """`users add --link` leads to a sign-in; `show`, `list` and `sessions` say what the user did."""
    sign_in(application, user)
    shown = users(application.stack, "show", user.email)
    assert (shown["subject"], shown["state"], shown["sessions"]) == (user.subject, "active", 1)
    assert [each["client_id"] for each in shown["consents"]] == [application.client_id]
    listed = users(application.stack, "list")["users"]
    assert user.subject in {each["subject"] for each in listed}
    [session] = users(application.stack, "sessions", user.email)["sessions"]
    assert (session["device"], session["gave_code"]) == ("Firefox on Linux", True)


def test_disable_ends_everything_and_enable_lets_the_user_in_again(application: Application, user: Person) -> None:
    """After `users disable` nothing of before counts, also after `users enable`; the password is the same."""
    tokens = sign_in(application, user)
    users(application.stack, "disable", user.subject, "--yes")
    assert is_over(application, user, tokens)
    assert user.agree(user.browser.open("/login")).status_code == 401
    users(application.stack, "enable", user.subject)
    assert is_over(application, user, tokens)
    again = sign_in(application, user)
    assert set(statuses(application.stack, again["access_token"]).values()) == {200}


@pytest.mark.parametrize("which", ["--end", "--end-all"])
def test_an_ended_session_ends_its_tokens(application: Application, user: Person, which: str) -> None:
    """`users sessions --end` and `--end-all` end session and tokens; the user signs in again at once."""
    tokens = sign_in(application, user)
    [session] = users(application.stack, "sessions", user.subject)["sessions"]
    chosen = ("--end", session["session_id"]) if which == "--end" else ("--end-all", "--yes")
    assert users(application.stack, "sessions", user.subject, *chosen)["ended"] == 1
    assert is_over(application, user, tokens)
    assert users(application.stack, "sessions", user.subject)["sessions"] == []
    assert "access_token" in sign_in(application, user)


def test_a_link_of_the_command_changes_the_password(application: Application, user: Person) -> None:
    """`users link` prints a link whose password replaces the old one, and ends the sessions of before."""
    tokens = sign_in(application, user)
    link, new = users(application.stack, "link", user.email)["link"], secrets.token_urlsafe(24)
    assert choose_password(Browser(application.stack), link, new).status_code == 200
    assert is_over(application, user, tokens)
    assert user.agree(user.browser.open("/login")).status_code == 401
    assert "access_token" in sign_in(application, user._replace(password=new))
    assert users(application.stack, "unlock", user.email)["outcome"] == "unlocked"


def test_a_removed_user_is_gone(application: Application, user: Person) -> None:
    """`users remove` ends everything, frees the address, and leaves a tombstone that nobody can sign in with."""
    tokens = sign_in(application, user)
    assert users(application.stack, "remove", user.subject, "--yes")["outcome"] == "erased"
    assert is_over(application, user, tokens)
    assert user.agree(user.browser.open("/login")).status_code == 401
    assert users(application.stack, "show", user.subject)["state"] == "erased"
    assert run(application.stack, "users", "enable", user.subject).returncode == 1
    assert users(application.stack, "add", user.email)["subject"] != user.subject
