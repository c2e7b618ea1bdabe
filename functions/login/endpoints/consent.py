"""The consent page and `POST /login/consent` (OIDC Core §3.1.2.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.domain.access.scope import OPENID_SCOPES
from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from login import paths
from login.client_names import find_client
from login.consents import Consents
from login.endpoints.decision import Decisions
from login.interaction_flow import OpenInteraction, Step, go_on, to_page
from login.pages.consent import consent

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import ClientReader
    from keyturn.user_ports import UserReader
    from login.browser import Browser

# Access to the user's own profile is at no resource server.
_SCOPES_WITHOUT_RESOURCE = OPENID_SCOPES | {"offline_access"}


class ConsentPage:
    """Shows what the client asks for; its form is bound to the session."""

    def __init__(self, browser: Browser, clients: ClientReader, users: UserReader) -> None:
        self._browser = browser
        self._clients = clients
        self._users = users

    def show(self, request: Request, opened: OpenInteraction, session: Session) -> Response:
        """Return the page."""
        interaction = opened.interaction
        user = self._users.get(session.subject)
        form = self._browser.session_form(request, paths.CONSENT, {paths.INTERACTION_FIELD: opened.id})
        html = consent(
            form,
            client=find_client(self._clients, interaction.client_id).name,
            email="" if user is None else user.email,
            scopes=interaction.scope,
            resource=None if interaction.scope <= _SCOPES_WITHOUT_RESOURCE else interaction.resource,
            return_host=urlsplit(interaction.request.get("redirect_uri", "")).hostname,
            other_account=other_account(opened),
        )
        return page(html)


class ConsentPost:
    """Takes the form of the consent page."""

    methods = ("POST",)

    def __init__(self, decisions: Decisions, consents: Consents) -> None:
        self._decisions = decisions
        self._consents = consents

    def respond(self, request: Request) -> Response:
        """Record the decision, and return the redirect to the next page or to the issuer."""
        decision = self._decisions.read(request, Step.CONSENT)
        if isinstance(decision, Response):
            return decision
        opened, session = decision
        mark = self._consents.record(session.subject, opened.interaction)
        if mark is None:
            return to_page(opened)
        request.note(outcome="consented")
        return go_on(opened._replace(interaction=replace(opened.interaction, consented=mark)))


def other_account(opened: OpenInteraction) -> str:
    """Return the path at which another user signs in for the same request."""
    return paths.with_query(paths.SIGN_IN, **{paths.INTERACTION_FIELD: opened.id, paths.AGAIN_FIELD: "1"})
