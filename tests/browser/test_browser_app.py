"""examples/browser-app in Chromium, served as `make run` serves it: the way of README from sign-in to sign-out."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from local.browser_app import is_installed
from tests.browser.conftest import FOLDER, NOT_RUN

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack_file import StackFile


@pytest.fixture(scope="module")
def walk(tools: tuple[str, str], stack: StackFile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the browser saw on one way through the page; KEYTURN_SCREENSHOTS is a folder that keeps pictures."""
    if not is_installed() and not os.environ.get("CI"):
        pytest.skip(NOT_RUN)
    assert stack.user is not None
    folder: Path | str = os.environ.get("KEYTURN_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots")
    question = {"executable": tools[1], "app": stack.app, "folder": str(folder)}
    done = subprocess.run(
        [tools[0], "browser_app.mjs"],
        cwd=FOLDER,
        input=json.dumps(question | {"email": stack.user["email"], "password": stack.user["password"]}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_user_signs_in_and_confirms(walk: dict[str, Any], stack: StackFile) -> None:
    """The page leads to the login, to the confirmation of RFC 8252 §8.6, and back; no code stays in the address."""
    assert walk["pages"] == ["See your reports", "Sign in", "Did you open Reports?", "Hello, Ada Lovelace"]
    assert walk["address"] == stack.app


def test_the_tokens_are_those_of_the_user(walk: dict[str, Any], stack: StackFile) -> None:
    """The access token is for the API and names the user; the claims about the user come by ID token and userinfo."""
    assert stack.user is not None
    assert walk["claims"]["sub"] == walk["profile"]["sub"] == stack.user["subject"]
    assert walk["claims"]["aud"] == stack.audience
    assert walk["profile"]["email"] == stack.user["email"]


def test_the_api_knows_the_user(walk: dict[str, Any], stack: StackFile) -> None:
    """A call with the token reaches the backend, and the authorizer passes the user's subject on."""
    status, _, body = walk["call"].partition("\n")
    assert status == "200"
    assert stack.user is not None
    assert json.loads(body)["sub"] == stack.user["subject"]


def test_a_refresh_gives_another_token_of_the_same_session(walk: dict[str, Any]) -> None:
    """The refreshed access token has its own id, and the grant and session of the first."""
    assert walk["refreshed"]["jti"] != walk["claims"]["jti"]
    assert walk["refreshed"]["sid"] == walk["claims"]["sid"]


def test_the_session_spares_the_password_until_sign_out(walk: dict[str, Any], stack: StackFile) -> None:
    """A reload needs no password; after the sign-out the browser is back at the page, and the login asks again."""
    assert walk["asksForPasswordAgain"] is False
    assert walk["addressAfterSignOut"] == stack.app
    assert walk["asksForPasswordAfterSignOut"] is True


def test_the_browser_has_no_complaint(walk: dict[str, Any]) -> None:
    """Scripts run without an error, and neither Content-Security-Policy nor CORS stops a request."""
    assert walk["complaints"] == []
