"""The page before a code for a program on the device, and `POST /login/confirm` (RFC 8252 §8.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.web.request import Request
from keyturn.web.responses import Response, page
from login import paths
from login.client_names import find_client
from login.endpoints.consent import other_account
from login.endpoints.decision import Decisions
from login.interaction_flow import OpenInteraction, Step, go_on, to_page
from login.pages.consent import confirm

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import ClientReader, Clock
    from keyturn.user_ports import InteractionStore, UserReader
    from login.browser import Browser


class ConfirmPage:
    """Asks whether the user started the program; its form is bound to the session."""

    def __init__(self, browser: Browser, clients: ClientReader, users: UserReader) -> None:
        self._browser = browser
        self._clients = clients
        self._users = users

    def show(self, request: Request, opened: OpenInteraction, session: Session) -> Response:
        """Return the page."""
        user = self._users.get(session.subject)
        html = confirm(
            self._browser.session_form(request, paths.CONFIRM, {paths.INTERACTION_FIELD: opened.id}),
            client=find_client(self._clients, opened.interaction.client_id).name,
            email="" if user is None else user.email,
            other_account=other_account(opened),
        )
        return page(html)


class ConfirmPost:
    """Takes the form of the page."""

    methods = ("POST",)

    def __init__(self, decisions: Decisions, interactions: InteractionStore, clock: Clock) -> None:
        self._decisions = decisions
        self._interactions = interactions
        self._clock = clock

    def respond(self, request: Request) -> Response:
        """Record the decision, and return the redirect to the issuer."""
        decision = self._decisions.read(request, Step.CONFIRM)
        if isinstance(decision, Response):
            return decision
        opened = decision.opened
        at = int(self._clock.now().earliest)
        if not self._interactions.confirm(opened.interaction, at):
            return to_page(opened)
        request.note(outcome="confirmed")
        return go_on(opened._replace(interaction=replace(opened.interaction, confirmed_at=at)))
