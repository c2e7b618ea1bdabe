"""The demo user: registered once for each state of the emulator, by the steps of an operator and a browser."""

from __future__ import annotations

import base64
import contextlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

import httpx

from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.errors import AlreadyExists
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from keyturn_cli.login_function import ActionRefused, ActionUnknown, LoginFunction
from local.demo_memory import remember, remembered
from local.form import PageForm

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "ada@example.com"
NAME = "Ada Lovelace"
_PATIENCE = 60  # seconds; a cold start on a busy machine


class DemoUserFailed(Exception):
    """The login did not let the demo user choose a password; the message says where it stopped."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """The demo user's credentials; `is_ready` once the password is set."""

    subject: str
    email: str
    password: str
    is_ready: bool = False


class UserPlaces(NamedTuple):
    """The places where users are stored: the operator's table, the login function, and the client of DynamoDB."""

    dynamodb: Any
    functions: Any
    authority_table: str
    login_function: str


def register_demo_user(places: UserPlaces, memory: Path, *, transport: httpx.BaseTransport | None = None) -> DemoUser:
    """Return the demo user of this state; only `memory` holds the password.

    Each step may be repeated, so that an interrupted run continues. Raises DemoUserFailed.
    """
    user = remembered(memory, DemoUser, _new_user)
    if user.is_ready:
        return user
    with contextlib.suppress(AlreadyExists):
        DynamoDbAuthorities(places.dynamodb, places.authority_table).create(
            Authority(subject=user.subject, status=Status.ACTIVE)
        )
    login = LoginFunction(places.functions, places.login_function)
    try:
        login.ask("add_user", subject=user.subject, email=user.email, name=NAME)
        link = login.ask("create_link", subject=user.subject)["link"]
    except (ActionRefused, ActionUnknown) as fault:
        raise DemoUserFailed(f"the demo user was not registered: {fault}") from None
    with httpx.Client(timeout=_PATIENCE, trust_env=False, transport=transport) as browser:
        _choose_password(browser, link, user.password)
    ready = replace(user, is_ready=True)
    remember(memory, ready)
    return ready


def _choose_password(browser: httpx.Client, link: str, password: str) -> None:
    try:
        page = browser.get(link)
        form = PageForm(page.text)
        if not page.is_success or not form.action or not form.passwords:
            raise DemoUserFailed(
                f"the page of the one-time link responded with {page.status_code}, without a password form"
            )
        fields = form.hidden | dict.fromkeys(form.passwords, password)
        saved = browser.post(urljoin(link, form.action), data=fields)
    except httpx.HTTPError as error:
        raise DemoUserFailed(f"the login does not respond: {type(error).__name__}") from None
    if saved.status_code != httpx.codes.SEE_OTHER:
        raise DemoUserFailed(f"the login refused the password of the demo user: {saved.status_code}")


def _new_user() -> DemoUser:
    # Groups of letters and digits: a person types it.
    text = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    password = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    return DemoUser(subject=new_subject(secrets.token_bytes(SUBJECT_BYTES)), email=EMAIL, password=password)
