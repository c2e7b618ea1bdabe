"""The pages on which a user chooses a password: by a one-time link, or by the present password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import htpy as h

from keyturn.domain.credentials.password_policy import MAX_LENGTH, MIN_LENGTH, Weakness
from login.pages.fields import (
    Field,
    PageLink,
    PostForm,
    account_name,
    alert,
    button,
    input_field,
    local_path,
    post_form,
    shown_email,
)
from login.pages.layout import page
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from htpy import Node
    from markupsafe import Markup

CURRENT_PASSWORD_FIELD = "current_password"  # pragma: allowlist secret
NEW_PASSWORD_FIELD = "new_password"  # pragma: allowlist secret
NEW_PASSWORD_AGAIN_FIELD = "new_password_again"  # pragma: allowlist secret

_WEAKNESSES = {
    Weakness.TOO_SHORT: Text.PASSWORD_TOO_SHORT,
    Weakness.TOO_LONG: Text.PASSWORD_TOO_LONG,
    Weakness.NOT_TEXT: Text.PASSWORD_NOT_TEXT,
    Weakness.COMMON: Text.PASSWORD_COMMON,
    Weakness.CONTEXT: Text.PASSWORD_CONTEXT,
    Weakness.REPEATED: Text.PASSWORD_REPEATED,
    Weakness.SEQUENCE: Text.PASSWORD_SEQUENCE,
}


def describe_weakness(weakness: Weakness) -> Markup:
    """Return the error of the field NEW_PASSWORD_FIELD."""
    return say(_WEAKNESSES[weakness], minimum=str(MIN_LENGTH), maximum=str(MAX_LENGTH))


def choose_password(
    form: PostForm,
    *,
    email: str,
    failure: Markup | None = None,
    errors: Mapping[str, Markup] | None = None,
) -> str:
    """Return the page of a one-time link; its form posts `new_password` and `new_password_again`.

    `failure` and `errors` are those of `sign_in`.
    """
    errors = errors or {}
    title = say(Text.CHOOSE_PASSWORD_TITLE)
    return page(
        title=title,
        failed=bool(failure or errors),
        content=[
            h.h1[title],
            h.p(".lead")[say(Text.CHOOSE_PASSWORD_LEAD, email=shown_email(email))],
            alert(failure),
            post_form(
                form,
                [
                    account_name(email),
                    _new_password(errors, focus=True),
                    button(say(Text.SAVE_PASSWORD)),
                ],
            ),
        ],
    )


def change_password(
    form: PostForm,
    *,
    email: str,
    back: str,
    failure: Markup | None = None,
    errors: Mapping[str, Markup] | None = None,
) -> str:
    """Return the page that also asks for `current_password`; `back` is the path of the account page."""
    errors = errors or {}
    title = say(Text.CHANGE_PASSWORD)
    cancel = PageLink(say(Text.CANCEL), local_path(back))
    return page(
        title=title,
        failed=bool(failure or errors),
        content=[
            h.h1[title],
            h.p(".lead")[say(Text.SIGNED_IN_AS, email=shown_email(email))],
            alert(failure),
            change_password_form(form, email=email, errors=errors, focus=True),
            h.div(".foot")[h.p[h.a(href=cancel.href)[cancel.text]]],
        ],
    )


def change_password_form(form: PostForm, *, email: str, errors: Mapping[str, Markup], focus: bool = False) -> h.Element:
    """Return the form alone: the account page has it too."""
    wrong = errors.get(CURRENT_PASSWORD_FIELD)
    current_first = focus and (wrong is not None or not errors)
    return post_form(
        form,
        [
            account_name(email),
            input_field(
                Field(
                    CURRENT_PASSWORD_FIELD,
                    say(Text.CURRENT_PASSWORD),
                    "current-password",
                    error=wrong,
                    focus=current_first,
                )
            ),
            _new_password(errors, focus=focus and not current_first),
            h.p(".hint")[say(Text.CHOOSE_PASSWORD_ENDS_SESSIONS)],
            button(say(Text.CHANGE_PASSWORD)),
        ],
    )


def _new_password(errors: Mapping[str, Markup], *, focus: bool) -> Node:
    """Return the new password twice: no script can show it, so a slip of the keyboard has to be found otherwise."""
    again = errors.get(NEW_PASSWORD_AGAIN_FIELD)
    return [
        input_field(
            Field(
                NEW_PASSWORD_FIELD,
                say(Text.NEW_PASSWORD),
                "new-password",
                hint=say(Text.PASSWORD_HINT, minimum=str(MIN_LENGTH)),
                error=errors.get(NEW_PASSWORD_FIELD),
                focus=focus,
            )
        ),
        input_field(Field(NEW_PASSWORD_AGAIN_FIELD, say(Text.NEW_PASSWORD_AGAIN), "new-password", error=again)),
    ]
