"""The page that asks for email address and password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import htpy as h

from login.pages.fields import Field, PostForm, alert, button, input_field, notice, post_form
from login.pages.layout import page
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from markupsafe import Markup

EMAIL_FIELD = "email"
PASSWORD_FIELD = "password"  # pragma: allowlist secret


def sign_in(
    form: PostForm,
    *,
    client: str | None = None,
    email: str = "",
    reason: Markup | None = None,
    failure: Markup | None = None,
    errors: Mapping[str, Markup] | None = None,
) -> str:
    """Return the page; its form posts `email` and `password`.

    `client` is the registered name of the application, None for the account page. `email` fills the field with a hint,
    or with the address that the same person has just posted. `reason` explains why the page is shown, `failure` why
    the form was refused. `errors` has the error of each wrong field, by the field's name.
    """
    errors = errors or {}
    purpose = say(Text.SIGN_IN_FOR, client=h.strong[client]) if client else say(Text.SIGN_IN_FOR_ACCOUNT)
    return page(
        title=say(Text.SIGN_IN),
        failed=bool(failure or errors),
        content=[
            h.h1[say(Text.SIGN_IN)],
            h.p(".lead")[purpose],
            notice(reason),
            alert(failure),
            post_form(form, [*_fields(email, errors), button(say(Text.SIGN_IN))]),
            h.div(".foot")[
                client and h.p[say(Text.SIGN_IN_PRIVACY, client=client)],
                h.p[say(Text.SIGN_IN_HELP)],
            ],
        ],
    )


def _fields(email: str, errors: Mapping[str, Markup]) -> list[h.Element]:
    """Return the two fields; the focus is on the first one that has to be filled in."""
    ask_email = not email or EMAIL_FIELD in errors
    return [
        input_field(
            Field(
                EMAIL_FIELD,
                say(Text.EMAIL),
                "username",
                password=False,
                value=email,
                error=errors.get(EMAIL_FIELD),
                focus=ask_email,
            )
        ),
        input_field(
            Field(
                PASSWORD_FIELD,
                say(Text.PASSWORD),
                "current-password",
                error=errors.get(PASSWORD_FIELD),
                focus=not ask_email,
            )
        ),
    ]
