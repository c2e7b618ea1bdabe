"""Users of the embedded stack: registered by the operator's actions, with a password chosen on the login's page."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.users.authority import Authority, Status
from tests.integration.aws import aws
from tests.integration.browser import Browser

if TYPE_CHECKING:
    import httpx

    from local.stack_file import StackFile

_MAX_PAGES = 4


class Person(NamedTuple):
    """A registered user, and the browser in which this user signs in."""

    subject: str
    email: str
    password: str
    browser: Browser

    def agree(self, answer: httpx.Response) -> httpx.Response:
        """Return the redirect to the client: sign in, allow and confirm where the pages ask for it."""
        for _ in range(_MAX_PAGES):
            if answer.status_code != 200:
                break
            answer = self.press(self.browser)
        return answer

    def press(self, browser: Browser) -> httpx.Response:
        """Fill the form that a browser shows with this user's credentials, and press its first button."""
        asked = {"email": self.email, "password": self.password}
        return browser.press({name: asked[name] for name in browser.forms[0].fields if name in asked})


_PEOPLE: dict[tuple[str, str, str], Person] = {}


def person(stack: StackFile, name: str) -> Person:
    """Return the user of this name on this stack, registered where there is none yet."""
    key = (stack.issuer, stack.outputs["UserTableName"], name)
    if key not in _PEOPLE:
        _PEOPLE[key] = add_person(stack, name)
    return _PEOPLE[key]


def add_person(stack: StackFile, name: str) -> Person:
    """Register a user with a password."""
    subject = f"u_{secrets.token_urlsafe(16)}"
    authorities_of(stack).create(Authority(subject=subject, status=Status.ACTIVE))
    added = Person(subject, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(24), Browser(stack))
    operate(stack, "add_user", subject, email=added.email, name=name.title())
    assert choose_password(added.browser, create_link(stack, subject), added.password).status_code == 200
    return added


def create_link(stack: StackFile, subject: str) -> str:
    """Return the URL of a one-time link."""
    link: str = operate(stack, "create_link", subject)["link"]
    return link


def choose_password(browser: Browser, link: str, password: str) -> httpx.Response:
    """Return the page after the form of a link."""
    assert browser.open(link).status_code == 200
    return browser.press({"new_password": password, "new_password_again": password})


def operate(stack: StackFile, action: str, subject: str, **members: Any) -> Any:
    """Return the login's answer to an operator's event."""
    event = {"keyturn": action, "subject": subject} | members
    invoked = aws(stack, "lambda").invoke(
        FunctionName=stack.outputs["LoginFunctionName"], Payload=json.dumps(event).encode()
    )
    answer = json.loads(invoked["Payload"].read())
    assert "error" not in answer, answer
    return answer


def authorities_of(stack: StackFile) -> DynamoDbAuthorities:
    """Return the operator's store of statuses and claims."""
    return DynamoDbAuthorities(aws(stack, "dynamodb"), stack.outputs["AuthorityTableName"])
