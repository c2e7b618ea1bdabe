"""A user's yes or no to an interaction: only in the session of the interaction, and only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.web.errors import BadRequest
from keyturn.web.form import parse_form
from keyturn.web.request import Request
from keyturn.web.responses import Response
from login import paths
from login.interaction_flow import InteractionFlow, OpenInteraction, Step, to_issuer, to_page
from login.pages.consent import ALLOW, DECISION_FIELD, DENY

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.user_ports import InteractionStore
    from login.browser import Browser
    from login.current_session import CurrentSession


class Decision(NamedTuple):
    """A yes of the user whose session the interaction has."""

    opened: OpenInteraction
    session: Session


class Decisions:
    """Reads the decisions, and records each no."""

    def __init__(
        self, browser: Browser, flow: InteractionFlow, session: CurrentSession, interactions: InteractionStore
    ) -> None:
        self._browser = browser
        self._flow = flow
        self._session = session
        self._interactions = interactions

    def read(self, request: Request, step: Step) -> Decision | Response:
        """Return a yes, or the redirect after a no.

        The redirect leads to the next page where the interaction waits for another step. That happens after a double
        submit or the back button, and without the session of the interaction. Raises BadRequest, ForeignForm, and the
        refusals of InteractionFlow.open.
        """
        form = parse_form(request)
        interaction_id = form.require(paths.INTERACTION_FIELD)
        reload = paths.with_query(paths.SIGN_IN, **{paths.INTERACTION_FIELD: interaction_id})
        self._browser.check_session_form(request, form, reload=reload)
        opened = self._flow.open(request, interaction_id)
        answer = form.require(DECISION_FIELD)
        if answer not in (ALLOW, DENY):
            raise BadRequest("the decision is neither allow nor deny")
        session = self._session.use(request)
        if session is None or self._flow.step(opened.interaction, session) is not step:
            return to_page(opened)
        return Decision(opened, session) if answer == ALLOW else self._deny(request, opened)

    def _deny(self, request: Request, opened: OpenInteraction) -> Response:
        """Write that the user refused, and return the redirect to the issuer, which says so to the client."""
        if not self._interactions.deny(opened.interaction):
            return to_page(opened)
        request.note(outcome="denied")
        return to_issuer(opened)
