"""The demo user of `make run` is registered once; an interrupted registration continues."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from local.demo_user import DemoUser, DemoUserFailed, UserPlaces, register_demo_user
from local.form import PageForm
from tests.fakes.command_stack import deployment
from tests.fakes.user_stack import UserStack, user_stack

FORM = (
    '<form action="/login/link"><input type="hidden" name="csrf_token" value="a&amp;b">'
    '<input type="email" name="email"><input type="password" name="new_password">'
    '<input type="password" name="new_password_again"></form><input type="hidden" name="foreign" value="x">'
)


class LoginPages(httpx.BaseTransport):
    """Shows the form of a link and accepts it; records the chosen passwords."""

    def __init__(self) -> None:
        self.chosen: list[dict[str, list[str]]] = []
        self.page: Callable[[], httpx.Response] = lambda: httpx.Response(200, text=FORM)
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(303)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.method == "GET":
            return self.page()
        self.chosen.append(parse_qs(request.read().decode()))
        return self.answer()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[UserStack]:
    """Bring up a stack with a login in this folder."""
    monkeypatch.chdir(tmp_path)
    with user_stack(tmp_path) as made:
        yield made


def register(tmp_path: Path, pages: LoginPages) -> DemoUser:
    places = UserPlaces(
        dynamodb=deployment().dynamodb,
        functions=deployment().functions,
        authority_table="authorities",
        login_function="login",
    )
    return register_demo_user(places, tmp_path / "demo_user.json", transport=pages)


def test_the_demo_user_can_sign_in_and_is_registered_once(stack: UserStack, tmp_path: Path) -> None:
    """The first run makes status, profile and password; later runs read the file, which only its owner can read."""
    pages = LoginPages()
    user = register(tmp_path, pages)
    assert stack.actions() == ["add_user", "create_link"]
    fields = {"csrf_token": ["a&b"], "new_password": [user.password], "new_password_again": [user.password]}
    assert pages.chosen == [fields]
    assert len(user.password) >= 24
    assert register(tmp_path, pages) == user
    assert len(pages.chosen) == 1
    assert stat.S_IMODE((tmp_path / "demo_user.json").stat().st_mode) == 0o600
    authority, profile = stack.authority(user.subject), stack.user(user.subject)
    assert authority is not None
    assert authority.is_active
    assert profile is not None
    assert profile.email == user.email


@pytest.mark.parametrize("status", [403, 503])
def test_a_run_that_stopped_half_way_is_continued(stack: UserStack, tmp_path: Path, status: int) -> None:
    """The next run tries a refused password again, for the same user."""
    pages = LoginPages()
    pages.answer = lambda: httpx.Response(status)
    with pytest.raises(DemoUserFailed, match=str(status)):
        register(tmp_path, pages)
    pages.answer = lambda: httpx.Response(303)
    user = register(tmp_path, pages)
    assert user.is_ready
    assert [item["pk"]["S"] for item in stack.stored()["authorities"]] == [f"u#{user.subject}"]


def test_a_login_that_fails_ends_the_start_with_a_sentence(stack: UserStack, tmp_path: Path) -> None:
    """A refusal, a page without a form and a broken connection have different messages."""
    pages = LoginPages()
    pages.page = lambda: httpx.Response(200, text="<p>over</p>")
    with pytest.raises(DemoUserFailed, match="without a password form"):
        register(tmp_path, pages)

    def break_off() -> httpx.Response:
        raise httpx.ReadTimeout("late")

    pages.page = break_off
    with pytest.raises(DemoUserFailed, match="does not respond"):
        register(tmp_path, pages)
    stack.invocations.actions = lambda _: {"error": "not_active", "message": "the user may not sign in"}
    with pytest.raises(DemoUserFailed, match="the user may not sign in"):
        register(tmp_path, pages)


def test_only_the_first_form_is_read() -> None:
    """A second form of the page, such as a search, has fields of its own."""
    form = PageForm(FORM + '<form action="/other"><input type="hidden" name="b" value="c"></form>')
    assert (form.action, form.hidden) == ("/login/link", {"csrf_token": "a&b"})
    assert form.passwords == ["new_password", "new_password_again"]
