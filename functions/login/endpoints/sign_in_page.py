"""The sign-in page, for an interaction or for the account page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from login import paths
from login.client_names import find_client
from login.interaction_flow import OpenInteraction
from login.pages.sign_in import sign_in

if TYPE_CHECKING:
    from markupsafe import Markup

    from keyturn.ports import ClientReader
    from keyturn.web.form import Form
    from login.browser import Browser

CHANGE_PASSWORD = "password"  # pragma: allowlist secret
_PAGES = {CHANGE_PASSWORD: paths.ACCOUNT_PASSWORD}
_MAX_HINT = 254


class SignInPurpose(NamedTuple):
    """The reason for a sign-in: an interaction, or a page of the account that comes afterwards.

    `again` asks for it although the browser has a session.
    """

    opened: OpenInteraction | None = None
    again: bool = False
    then: str = ""

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields, from which a post reads the purpose again."""
        fields = {
            paths.INTERACTION_FIELD: self.opened.id if self.opened else "",
            paths.AGAIN_FIELD: "1" if self.again else "",
            paths.THEN_FIELD: self.then,
        }
        return {name: value for name, value in fields.items() if value}

    @property
    def next_path(self) -> str:
        """The path that follows a sign-in without an interaction."""
        return _PAGES.get(self.then, paths.ACCOUNT)


class Shown(NamedTuple):
    """The variable parts of the page: the response's status, the email field, and the messages."""

    status: int = 200
    email: str | None = None
    reason: Markup | None = None
    failure: Markup | None = None
    errors: Mapping[str, Markup] = {}
    headers: Mapping[str, str] = {}


class SignInPage:
    """Renders the page; its form is bound to the browser."""

    def __init__(self, browser: Browser, clients: ClientReader) -> None:
        self._browser = browser
        self._clients = clients

    def show(self, request: Request, purpose: SignInPurpose, shown: Shown = Shown()) -> Response:  # noqa: B008 - immutable
        """Return the page; without a posted email the field has the client's hint (OIDC Core §3.1.2.1)."""
        client, hint = None, ""
        if purpose.opened is not None:
            interaction = purpose.opened.interaction
            client = find_client(self._clients, interaction.client_id).name
            hint = _email_hint(interaction.request.get("login_hint", ""))
        guarded = self._browser.browser_form(request, paths.PASSWORD, purpose.hidden)
        html = sign_in(
            guarded.form,
            client=client,
            email=hint if shown.email is None else shown.email,
            reason=shown.reason,
            failure=shown.failure,
            errors=shown.errors,
        )
        return page(html, status=shown.status, cookies=guarded.cookies, headers=shown.headers)


def read_purpose(form: Form, opened: OpenInteraction | None) -> SignInPurpose:
    """Return the purpose that a query or a form names; an unknown page is that of the account."""
    then = form.get(paths.THEN_FIELD) or ""
    again = form.get(paths.AGAIN_FIELD) == "1"
    return SignInPurpose(opened, again=again, then=then if then in _PAGES and opened is None else "")


def _email_hint(hint: str) -> str:
    """Return a login_hint that can be an email address, else ""."""
    return hint if "@" in hint and len(hint) <= _MAX_HINT and hint.isprintable() else ""
