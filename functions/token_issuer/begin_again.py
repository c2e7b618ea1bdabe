"""The page for an interaction that cannot be continued: it offers the same request with a new interaction."""

from __future__ import annotations

import re
from html import escape

from keyturn.web.form import Form
from keyturn.web.form_guard import TOKEN_FIELD, FormGuard
from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from token_issuer import paths
from token_issuer.interaction_flow import INTERACTION_FIELD
from token_issuer.person_page import person_page

AGAIN_FIELD = "begin_again"
# Other ids exist nowhere, and are not repeated in a page.
_ID = re.compile("[A-Za-z0-9_-]{22}")


def is_interaction_id(value: str) -> bool:
    """Return whether the issuer could have made this id."""
    return _ID.fullmatch(value) is not None


def asks_to_begin_again(request: Request, form: Form) -> bool:
    """Return whether the form of the page was posted."""
    return request.method == "POST" and form.get(AGAIN_FIELD) is not None


def begin_again_page(request: Request, interaction_id: str, browser: FormGuard) -> Response:
    """Return the page; the form is bound to the browser, so that no other site can post it."""
    secret, cookies = browser.ensure_secret(request)
    fields = {INTERACTION_FIELD: interaction_id, AGAIN_FIELD: "1", TOKEN_FIELD: browser.token(secret)}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
    html = person_page(
        "This sign-in cannot be continued",
        "<p>It is finished already, it took too long, or it began in another browser.</p>"
        f'<form method="post" action="{paths.AUTHORIZATION}">{hidden}'
        '<button class="primary" type="submit">Begin again</button></form>',
    )
    return page(html, status=400, cookies=cookies)
