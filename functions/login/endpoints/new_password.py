"""The two fields of a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.form import Form
from login.pages.passwords import NEW_PASSWORD_AGAIN_FIELD, NEW_PASSWORD_FIELD
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from markupsafe import Markup


def read_new_password(form: Form) -> tuple[str, dict[str, Markup]]:
    """Return the new password, and the errors of the fields: one is missing, or they differ."""
    password = form.get(NEW_PASSWORD_FIELD)
    if password is None:
        return "", {NEW_PASSWORD_FIELD: say(Text.NEW_PASSWORD_MISSING)}
    if form.get(NEW_PASSWORD_AGAIN_FIELD) != password:
        return "", {NEW_PASSWORD_AGAIN_FIELD: say(Text.PASSWORDS_DIFFER)}
    return password, {}
