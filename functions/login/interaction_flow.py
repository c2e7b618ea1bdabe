"""The interaction of a request: who may see it, which page comes next, and where its browser goes afterwards.

The issuer decided the demands. This module only finds the first one without a mark.
"""

from __future__ import annotations

import enum
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.interactions.interaction import Demand, Interaction, hash_interaction_id
from keyturn.domain.sessions.session import hash_cookie
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from login import paths
from login.refusals import InteractionForeign, InteractionOver, InteractionUsed, begin_again

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock
    from keyturn.user_ports import InteractionStore
    from login.browser import Browser
    from login.consents import Consents

# 16 bytes in base64url.
_INTERACTION_ID = re.compile("[A-Za-z0-9_-]{22}")


class Step(enum.Enum):
    """The page that an interaction waits for."""

    SIGN_IN = "sign_in"
    CONSENT = "consent"
    CONFIRM = "confirm"
    DONE = "done"


class OpenInteraction(NamedTuple):
    """An interaction of this browser that is neither over nor used, and its id in URLs."""

    id: str
    interaction: Interaction


class InteractionFlow:
    """Opens interactions for their browser, and says which step comes next."""

    def __init__(self, browser: Browser, interactions: InteractionStore, consents: Consents, clock: Clock) -> None:
        self._browser = browser
        self._interactions = interactions
        self._consents = consents
        self._clock = clock

    def open(self, request: Request, interaction_id: str) -> OpenInteraction:
        """Return the interaction; raises InteractionOver, InteractionForeign or InteractionUsed."""
        if _INTERACTION_ID.fullmatch(interaction_id) is None:
            raise InteractionOver("the id has another form")
        interaction = self._interactions.get(hash_interaction_id(interaction_id))
        if interaction is None:
            raise InteractionOver("the interaction is unknown")
        request.note(client_id=interaction.client_id)
        link = begin_again(interaction_id)
        if not self._is_of_browser(request, interaction):
            raise InteractionForeign("the interaction is bound to another browser", link=link)
        if interaction.is_over(int(self._clock.now().latest)):
            raise InteractionOver("the interaction is too old", link=link)
        if interaction.grant_id is not None:
            raise InteractionUsed("the interaction has given a code", link=link)
        return OpenInteraction(interaction_id, interaction)

    def step(self, interaction: Interaction, session: Session | None) -> Step:
        """Return the first step without its mark, for the browser's live session."""
        if interaction.denied:
            return Step.DONE
        must_sign_in = Demand.AUTHENTICATE in interaction.demands and interaction.authenticated_at is None
        if must_sign_in or session is None or session.session_id != interaction.session_id:
            return Step.SIGN_IN
        if self._needs_consent(interaction, session):
            return Step.CONSENT
        if Demand.CONFIRM in interaction.demands and interaction.confirmed_at is None:
            return Step.CONFIRM
        return Step.DONE

    def _needs_consent(self, interaction: Interaction, session: Session) -> bool:
        if not needs_consent_mark(interaction):
            return False
        return Demand.CONSENT in interaction.demands or not self._consents.cover(session.subject, interaction)

    def _is_of_browser(self, request: Request, interaction: Interaction) -> bool:
        secret = self._browser.browser_guard.secret(request)
        if secret is None or interaction.browser_hash is None:
            return False
        return hmac.compare_digest(hash_cookie(secret).encode(), interaction.browser_hash.encode())


def needs_consent_mark(interaction: Interaction) -> bool:
    """Return whether consent is demanded and no mark allows exactly this scope at this resource."""
    if interaction.demands.isdisjoint({Demand.CONSENT, Demand.RECORDED_CONSENT}):
        return False
    mark = interaction.consented
    return mark is None or (mark.scope, mark.resource) != (interaction.scope, interaction.resource)


def to_page(opened: OpenInteraction) -> Response:
    """Return the redirect to the interaction's next page."""
    return redirect(paths.with_query(paths.SIGN_IN, **{paths.INTERACTION_FIELD: opened.id}))


def to_issuer(opened: OpenInteraction) -> Response:
    """Return the redirect to the issuer, which gives the code or says that the user refused."""
    return redirect(paths.with_query(paths.AUTHORIZE, **{paths.INTERACTION_FIELD: opened.id}))


def go_on(opened: OpenInteraction) -> Response:
    """Return the redirect after a mark was written, by the marks alone: a store that fails now loses no mark.

    The page decides about RECORDED_CONSENT, which takes a read.
    """
    interaction = opened.interaction
    confirmed = Demand.CONFIRM not in interaction.demands or interaction.confirmed_at is not None
    return to_issuer(opened) if confirmed and not needs_consent_mark(interaction) else to_page(opened)
