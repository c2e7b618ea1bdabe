"""`POST /login/password`: a sign-in by email address and password."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.web.form import parse_form
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from login import paths
from login.device_label import device_label
from login.endpoints.sign_in_page import Shown, SignInPage, SignInPurpose, read_purpose
from login.interaction_flow import InteractionFlow, OpenInteraction, Step, go_on, to_page
from login.pages.sign_in import EMAIL_FIELD, PASSWORD_FIELD
from login.pages.texts import Text, say
from login.session_start import SignedIn
from login.sign_in import SignInAttempt, SignInRefusal, SignInRefused

if TYPE_CHECKING:
    from markupsafe import Markup

    from keyturn.domain.sessions.session import Session
    from keyturn.web.form import Form
    from login.browser import Browser
    from login.client_address import ClientAddress
    from login.current_session import CurrentSession
    from login.sign_in import SignIn


class SignInPost:
    """Takes the form of the sign-in page."""

    methods = ("POST",)

    def __init__(
        self,
        browser: Browser,
        flow: InteractionFlow,
        session: CurrentSession,
        *,
        sign_in: SignIn,
        page: SignInPage,
        address: ClientAddress,
    ) -> None:
        self._browser = browser
        self._flow = flow
        self._session = session
        self._sign_in = sign_in
        self._page = page
        self._address = address

    def respond(self, request: Request) -> Response:
        """Return the redirect with the new session's cookies, or the page with the reason of a refusal."""
        form = parse_form(request)
        interaction_id = form.get(paths.INTERACTION_FIELD)
        opened = None if interaction_id is None else self._flow.open(request, interaction_id)
        purpose = read_purpose(form, opened)
        if not self._browser.browser_guard.accepts(request, form):
            request.note(outcome="foreign_form")
            return self._page.show(request, purpose, Shown(403, failure=say(Text.FORM_OUTDATED)))
        session = self._session.find(request)
        if opened is not None and not purpose.again and self._is_beyond(opened, session):
            # The form was sent twice, or after the back button: the user is signed in already.
            return to_page(opened)
        errors = _missing(form)
        if errors:
            request.note(outcome="bad_request")
            return self._page.show(request, purpose, Shown(400, form.get(EMAIL_FIELD), errors=errors))
        return self._attempt(request, form, purpose, session)

    def _is_beyond(self, opened: OpenInteraction, session: Session | None) -> bool:
        return self._flow.step(opened.interaction, session) is not Step.SIGN_IN

    def _attempt(self, request: Request, form: Form, purpose: SignInPurpose, session: Session | None) -> Response:
        result = self._sign_in.attempt(
            SignInAttempt(
                email=form.require(EMAIL_FIELD),
                password=form.require(PASSWORD_FIELD),
                address=self._address.read(request),
                device=self._browser.device_cookie.read(request),
                device_label=device_label(request.headers.get("user-agent", "")),
                replaced=session,
                interaction=None if purpose.opened is None else purpose.opened.interaction,
            )
        )
        if isinstance(result, SignInRefused):
            request.note(outcome=str(result.reason))
            return self._page.show(request, purpose, _refused(result, form))
        request.note(outcome="signed_in", sub=result.session.subject, sid=result.session.session_id)
        return self._signed_in(purpose, result)

    def _signed_in(self, purpose: SignInPurpose, result: SignedIn) -> Response:
        """Return the redirect without a further read, whose failure would lose the cookies."""
        cookies = self._browser.signed_in_cookies(result.session_cookie, result.device_cookie)
        if purpose.opened is None:
            return redirect(purpose.next_path, cookies=cookies)
        session = result.session
        interaction = replace(
            purpose.opened.interaction,
            session_id=session.session_id,
            authenticated_at=session.auth_time,
            consented=None,
            confirmed_at=None,
        )
        return go_on(purpose.opened._replace(interaction=interaction))._replace(cookies=cookies)


def _missing(form: Form) -> dict[str, Markup]:
    needed = {EMAIL_FIELD: Text.EMAIL_MISSING, PASSWORD_FIELD: Text.PASSWORD_MISSING}
    return {name: say(text) for name, text in needed.items() if form.get(name) is None}


def _refused(result: SignInRefused, form: Form) -> Shown:
    email = form.get(EMAIL_FIELD)
    if result.reason is SignInRefusal.THROTTLED:
        failure = say(Text.SIGN_IN_THROTTLED, minutes=str(-(-result.retry_after // 60)))
        return Shown(429, email, failure=failure, headers={"retry-after": str(result.retry_after)})
    if result.reason is SignInRefusal.CHANGED:
        return Shown(409, email, failure=say(Text.SIGN_IN_CHANGED))
    return Shown(401, email, failure=say(Text.SIGN_IN_WRONG))
