"""The page for an interaction that cannot continue: it offers to restart the request with a new interaction."""

from __future__ import annotations

import re
from html import escape

from keyturn.web.form import Form
from keyturn.web.form_guard import TOKEN_FIELD, FormGuard
from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from token_issuer import paths
from token_issuer.authorization_flow import INTERACTION_FIELD
from token_issuer.html_page import html_page

RESTART_FIELD = "begin_again"
_INTERACTION_ID = re.compile("[A-Za-z0-9_-]{22}")


def is_interaction_id(value: str) -> bool:
    """Return whether the issuer could have made this id; a page repeats no other value."""
    return _INTERACTION_ID.fullmatch(value) is not None


def asks_to_restart(request: Request, form: Form) -> bool:
    """Return whether the form of the page was posted."""
    return request.method == "POST" and form.get(RESTART_FIELD) is not None


def restart_page(request: Request, interaction_id: str, browser: FormGuard) -> Response:
    """Return the page; its form is bound to the browser, so that another site cannot post it."""
    secret, cookies = browser.ensure_secret(request)
    fields = {INTERACTION_FIELD: interaction_id, RESTART_FIELD: "1", TOKEN_FIELD: browser.token(secret)}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
    html = html_page(
        "This sign-in cannot be continued",
        "<p>It is finished already, it took too long, or it began in another browser.</p>"
        f'<form method="post" action="{paths.AUTHORIZATION}">{hidden}'
        '<button class="primary" type="submit">Begin again</button></form>',
    )
    return page(html, status=400, cookies=cookies)
