"""A user of one run: added as an operator does, with a password that is chosen by a link in a browser."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from tests.aws.stack import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

_HIDDEN = re.compile(r'<input(?=[^>]*type="hidden")(?=[^>]*name="([^"]*)")(?=[^>]*value="([^"]*)")[^>]*>')


class LoginUser(NamedTuple):
    """The user's address and password, and the subject."""

    subject: str
    email: str
    password: str


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    return dict(_HIDDEN.findall(page))


@contextlib.contextmanager
def add_user(stack: StackFile) -> Iterator[LoginUser]:
    """Add a user who has chosen a password, and erase the user in the end."""
    subject = new_subject(secrets.token_bytes(SUBJECT_BYTES))
    user = LoginUser(subject, f"{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(24))
    authorities = DynamoDbAuthorities(aws("dynamodb"), stack.outputs["AuthorityTableName"])
    authorities.create(Authority(subject=subject, status=Status.ACTIVE))
    try:
        invoke_login(stack, keyturn="add_user", subject=subject, email=user.email)
        _choose_password(invoke_login(stack, keyturn="create_link", subject=subject)["link"], user.password)
        yield user
    finally:
        erased = Authority(subject=subject, status=Status.ERASED, erased_at=int(wall_seconds()))
        authorities.update(erased)
        invoke_login(stack, keyturn="erase", subject=subject)


def invoke_login(stack: StackFile, **event: str) -> dict[str, Any]:
    """Invoke the login as an operator does, and return the answer, which must be no refusal."""
    name = stack.outputs["LoginFunctionName"]
    answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "error" not in result, result
    assert "FunctionError" not in answer, result
    return result


def _choose_password(link: str, password: str) -> None:
    with httpx.Client(timeout=40) as browser:
        fields = hidden_fields(browser.get(link).text)
        chosen = fields | {"new_password": password, "new_password_again": password}
        answer = browser.post(link.partition("?")[0], data=chosen)
        assert answer.status_code == 303, answer.status_code
