"""From a request to a code: at once where the session suffices, else by an interaction and the pages of the login.

1. A POST stores an interaction that no browser has yet: the form of another site comes without cookies.
2. A GET binds an interaction to its browser, with the demands that its session leaves open, and shows the login.
3. The login writes a mark for each demand, and sends the browser back.
4. Each demand has its own mark, of this browser's present session: the grant is written, and the interaction is used.
"""

from __future__ import annotations

import base64
import hmac
import math
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.domain.interactions.interaction import (
    INTERACTION_ID_BYTES,
    INTERACTION_LIFETIME,
    Demand,
    Interaction,
    hash_interaction_id,
)
from keyturn.domain.sessions.session import hash_cookie
from keyturn.web.form_guard import FormGuard
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from token_issuer import paths
from token_issuer.authorization_request import AuthorizationRequest
from token_issuer.code_issuance import CodeIssuance
from token_issuer.current_user import CurrentUser, CurrentUsers
from token_issuer.demands import demands_of, is_expected, met_by_marks, met_by_the_session, refusal_without_pages
from token_issuer.errors import LoginRequired, UserDenied

if TYPE_CHECKING:
    from keyturn.domain.grants.grant_credentials import AuthorizationCode
    from keyturn.ports import Clock
    from keyturn.user_ports import InteractionOpener

INTERACTION_FIELD = "interaction"


class CannotContinue(Exception):
    """The interaction is used, over, or another browser's: the same request can begin again, with a new one."""


class Pending(NamedTuple):
    """A stored interaction, and its id in URLs."""

    id: str
    interaction: Interaction


class InteractionFlow:
    """Leads requests to their codes.

    Its methods return the code, or the redirect to the next page. They raise the error for the client, and
    CannotContinue.
    """

    def __init__(
        self,
        interactions: InteractionOpener,
        users: CurrentUsers,
        codes: CodeIssuance,
        browser: FormGuard,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._users = users
        self._codes = codes
        self._browser = browser
        self._clock = clock

    def find(self, interaction_id: str) -> Pending | None:
        """Return the interaction, whoever may continue it, or None."""
        interaction = self._interactions.get(hash_interaction_id(interaction_id))
        return None if interaction is None else Pending(interaction_id, interaction)

    def store(self, asked: AuthorizationRequest, expected: str | None) -> Response:
        """Store the request of a POST for no browser yet, and redirect to a GET, with which cookies come."""
        pending = self._new(asked, expected, demands=frozenset())
        self._interactions.create(pending.interaction)
        return _redirect_to(paths.AUTHORIZATION, pending)

    def begin(
        self, request: Request, asked: AuthorizationRequest, expected: str | None
    ) -> AuthorizationCode | Response:
        """Return a code at once, or bind a new interaction to the browser."""
        user = self._users.find(request, asked.client)
        demands = demands_of(asked, user, expected)
        if user is not None and not demands - met_by_the_session(demands, asked, user):
            code = self._issue(request, asked, user, None)
            if code is not None:
                return code
            user, demands = None, demands_of(asked, None, expected)  # the session has just ended
        if not asked.may_interact:
            raise refusal_without_pages(demands - met_by_the_session(demands, asked, user))
        secret, cookies = self._browser.ensure_secret(request)
        pending = self._new(asked, expected, demands=demands)
        self._interactions.create(_bound(pending.interaction, demands, user, hash_cookie(secret)))
        return _redirect_to(paths.LOGIN, pending)._replace(cookies=cookies)

    def resume(self, request: Request, asked: AuthorizationRequest, pending: Pending) -> AuthorizationCode | Response:
        """Return the code of an interaction whose demands are met, or redirect to what is missing."""
        if not self._may_continue(request, pending.interaction):
            raise CannotContinue
        user = self._users.find(request, asked.client)
        if pending.interaction.browser_hash is None:
            return self._bind(request, asked, pending, user)
        if pending.interaction.denied:
            raise UserDenied("the user refused")
        return self._continue(request, asked, pending, user)

    def _bind(
        self, request: Request, asked: AuthorizationRequest, pending: Pending, user: CurrentUser | None
    ) -> AuthorizationCode | Response:
        """Give an interaction without a browser to this one, with its demands."""
        demands = demands_of(asked, user, pending.interaction.subject_hint)
        missing = demands - met_by_the_session(demands, asked, user)
        if missing and not asked.may_interact:
            raise refusal_without_pages(missing)
        secret, cookies = self._browser.ensure_secret(request)
        bound = _bound(pending.interaction, demands, user, hash_cookie(secret))
        if not self._interactions.bind(bound):
            raise CannotContinue
        if missing or user is None:
            return _redirect_to(paths.LOGIN, pending)._replace(cookies=cookies)
        return self._finish(request, asked, bound, user)

    def _continue(
        self, request: Request, asked: AuthorizationRequest, pending: Pending, user: CurrentUser | None
    ) -> AuthorizationCode | Response:
        """Return the code if each demand is met in this session; else redirect to the login."""
        interaction = pending.interaction
        demands = demands_of(asked, user, interaction.subject_hint)
        marks = frozenset[Demand]()
        if user is not None and user.session.session_id == interaction.session_id:
            marks = met_by_marks(interaction, asked, user)
            if Demand.AUTHENTICATE in marks and not is_expected(user, interaction.subject_hint):
                raise LoginRequired("another user signed in than the one that id_token_hint names")
        missing = demands - marks - met_by_the_session(demands, asked, user)
        if user is not None and not missing and user.session.session_id == interaction.session_id:
            return self._finish(request, asked, interaction, user)
        if missing and not asked.may_interact:
            raise refusal_without_pages(missing)
        if _is_waiting(interaction, missing, user):
            return _redirect_to(paths.LOGIN, pending)
        # Marks of another session, or marks that do not count any more: the user begins with no marks.
        renewed = _bound(interaction, demands, user, interaction.browser_hash)
        if not self._interactions.demand(renewed):
            raise CannotContinue
        if user is not None and not demands - met_by_the_session(demands, asked, user):
            return self._finish(request, asked, renewed, user)
        return _redirect_to(paths.LOGIN, pending)

    def _finish(
        self, request: Request, asked: AuthorizationRequest, interaction: Interaction, user: CurrentUser
    ) -> AuthorizationCode:
        code = self._issue(request, asked, user, interaction)
        if code is None:
            raise CannotContinue
        return code

    def _issue(
        self, request: Request, asked: AuthorizationRequest, user: CurrentUser, interaction: Interaction | None
    ) -> AuthorizationCode | None:
        code = self._codes.issue(asked, user, interaction)
        if code is not None:
            request.note(outcome="code", gid=code.gid, sub=user.session.subject)
        return code

    def _may_continue(self, request: Request, interaction: Interaction) -> bool:
        """Return whether the interaction is neither used nor over, and is this browser's or nobody's yet."""
        if interaction.grant_id is not None or interaction.is_over(int(self._clock.now().latest)):
            return False
        if interaction.browser_hash is None:
            return True
        secret = self._browser.secret(request)
        return secret is not None and hmac.compare_digest(hash_cookie(secret), interaction.browser_hash)

    def _new(self, asked: AuthorizationRequest, expected: str | None, *, demands: frozenset[Demand]) -> Pending:
        raw = secrets.token_bytes(INTERACTION_ID_BYTES)
        interaction_id = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        now = math.floor(self._clock.now().earliest)
        interaction = Interaction(
            key_hash=hash_interaction_id(interaction_id),
            client_id=asked.client.client_id,
            request=asked.parameters,
            scope=asked.scope,
            resource=asked.access.audience,
            demands=demands,
            created_at=now,
            expires_at=now + INTERACTION_LIFETIME,
            subject_hint=expected,
        )
        return Pending(interaction_id, interaction)


def _bound(
    interaction: Interaction, demands: frozenset[Demand], user: CurrentUser | None, browser_hash: str | None
) -> Interaction:
    """Return the interaction with this browser, its demands and its session, and without marks."""
    keeps_session = user is not None and Demand.AUTHENTICATE not in demands
    return replace(
        interaction,
        browser_hash=browser_hash,
        demands=demands,
        session_id=user.session.session_id if user is not None and keeps_session else None,
        authenticated_at=None,
        consented=None,
        confirmed_at=None,
    )


def _is_waiting(interaction: Interaction, missing: frozenset[Demand], user: CurrentUser | None) -> bool:
    """Return whether the login will ask for all that is missing, as the interaction stands."""
    if not missing <= interaction.demands:
        return False
    if Demand.AUTHENTICATE in missing:
        return interaction.authenticated_at is None
    if user is None or user.session.session_id != interaction.session_id:
        return False
    return interaction.consented is None or missing == {Demand.CONFIRM}


def _redirect_to(path: str, pending: Pending) -> Response:
    return redirect(f"{path}?{urlencode({INTERACTION_FIELD: pending.id})}")
