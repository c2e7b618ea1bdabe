"""`GET /login`: the next page of an interaction, or the sign-in for the account page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.form import read_query
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from login import paths
from login.endpoints.sign_in_page import CHANGE_PASSWORD, Shown, SignInPage, SignInPurpose, read_purpose
from login.interaction_flow import InteractionFlow, Step, to_issuer
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from markupsafe import Markup

    from keyturn.domain.sessions.session import Session
    from keyturn.web.form import Form
    from login.current_session import CurrentSession
    from login.endpoints.confirm import ConfirmPage
    from login.endpoints.consent import ConsentPage

PASSWORD_SAVED = "password_saved"  # pragma: allowlist secret
PASSWORD_NOT_SAVED = "password_not_saved"  # pragma: allowlist secret
# The query after a change of password names its result by a known word.
_DONE = {PASSWORD_SAVED: Text.PASSWORD_SAVED, PASSWORD_NOT_SAVED: Text.PASSWORD_NOT_SAVED}


class LoginPage:
    """Shows the page that is missing; changes nothing."""

    methods = ("GET",)

    def __init__(
        self,
        flow: InteractionFlow,
        session: CurrentSession,
        sign_in: SignInPage,
        consent: ConsentPage,
        confirm: ConfirmPage,
    ) -> None:
        self._flow = flow
        self._session = session
        self._sign_in = sign_in
        self._consent = consent
        self._confirm = confirm

    def respond(self, request: Request) -> Response:
        """Return the page, or the redirect to the issuer where nothing is missing."""
        query = read_query(request)
        interaction_id = query.get(paths.INTERACTION_FIELD)
        if interaction_id is None:
            return self._for_account(request, query)
        opened = self._flow.open(request, interaction_id)
        session = self._session.find(request)
        step = self._flow.step(opened.interaction, session)
        purpose = read_purpose(query, opened)
        if step is Step.DONE and not purpose.again:
            return to_issuer(opened)
        if session is None or step is Step.SIGN_IN or purpose.again:
            return self._sign_in.show(request, purpose, Shown(reason=_reason(purpose, session)))
        shown = self._consent if step is Step.CONSENT else self._confirm
        return shown.show(request, opened, session)

    def _for_account(self, request: Request, query: Form) -> Response:
        purpose = read_purpose(query, None)
        if not purpose.again and self._session.find(request) is not None:
            return redirect(purpose.next_path)
        done = _DONE.get(query.get(paths.DONE_FIELD) or "")
        reason = None if done is None else say(done)
        if done is None and purpose.then == CHANGE_PASSWORD:
            reason = say(Text.SIGN_IN_AGAIN_FIRST)
        return self._sign_in.show(request, purpose, Shown(reason=reason))


def _reason(purpose: SignInPurpose, session: Session | None) -> Markup | None:
    """Return why the user has to sign in again: the session has ended, or the browser has lost the cookie."""
    had_one = purpose.opened is not None and purpose.opened.interaction.session_id is not None
    return say(Text.SESSION_ENDED) if had_one and session is None else None
