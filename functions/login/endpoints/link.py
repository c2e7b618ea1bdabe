"""`/login/link`: a user chooses a password by a one-time link; mail scanners open it, so that only a POST uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.form import parse_form, read_query
from keyturn.web.request import Request
from keyturn.web.responses import Response, page, redirect
from login import paths
from login.endpoints.login_page import PASSWORD_SAVED
from login.endpoints.new_password import read_new_password
from login.links import LinkRefusal
from login.pages.passwords import NEW_PASSWORD_FIELD, choose_password, describe_weakness
from login.pages.texts import Text, say
from login.refusals import LinkOver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from keyturn.domain.users.user import User
    from login.browser import Browser
    from login.links import Links


class LinkPage:
    """Shows the form of a link, and takes it."""

    methods = ("GET", "POST")

    def __init__(self, browser: Browser, links: Links) -> None:
        self._browser = browser
        self._links = links

    def respond(self, request: Request) -> Response:
        """Return the page, or the redirect to the sign-in with the new password; raises LinkOver."""
        if request.method == "GET":
            value = read_query(request).require(paths.LINK_FIELD)
            return self._show(request, value, self._open(request, value))
        form = parse_form(request)
        value = form.require(paths.LINK_FIELD)
        user = self._open(request, value)
        if not self._browser.browser_guard.accepts(request, form):
            request.note(outcome="foreign_form")
            return self._show(request, value, user, status=403, failure=say(Text.FORM_OUTDATED))
        password, errors = read_new_password(form)
        if not errors:
            refused = self._links.use(value, password)
            if refused is None:
                request.note(outcome="password_chosen")
                return redirect(paths.with_query(paths.SIGN_IN, **{paths.DONE_FIELD: PASSWORD_SAVED}))
            if refused.reason is LinkRefusal.OVER or refused.weakness is None:
                raise LinkOver("the link is over, or the user changed")
            errors = {NEW_PASSWORD_FIELD: describe_weakness(refused.weakness)}
        request.note(outcome="weak_password")
        return self._show(request, value, user, status=400, errors=errors)

    def _open(self, request: Request, value: str) -> User:
        user = self._links.open(value)
        if user is None:
            raise LinkOver("the link is over")
        request.note(sub=user.subject)
        return user

    def _show(
        self,
        request: Request,
        value: str,
        user: User,
        *,
        status: int = 200,
        failure: Markup | None = None,
        errors: Mapping[str, Markup] | None = None,
    ) -> Response:
        guarded = self._browser.browser_form(request, paths.LINK, {paths.LINK_FIELD: value})
        html = choose_password(guarded.form, email=user.email, failure=failure, errors=errors)
        return page(html, status=status, cookies=guarded.cookies)
