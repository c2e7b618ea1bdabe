"""The way from an authorization request to a code: at once if the session suffices, else through the login.

1. A POST stores an interaction without a browser: a form that another site posts comes without cookies.
2. A GET binds the interaction to its browser, writes the demands of the request, and redirects to the login.
3. The login writes a mark for each demand that the user meets, and redirects back.
4. The issuer writes the grant, and marks the interaction as used, once each demand has its own mark. The marks must
   belong to the present session of this browser.
"""

from __future__ import annotations

import hmac
import math
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.domain import base64url
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
from token_issuer.errors import LoginRequired, UserDenied
from token_issuer.interaction_policy import (
    demands_of,
    error_without_interaction,
    matches_hint,
    met_by_marks,
    met_by_stored_consent,
)
from token_issuer.signed_in_user import SignedInUser, SignedInUsers

if TYPE_CHECKING:
    from keyturn.domain.grants.grant_credentials import AuthorizationCode
    from keyturn.ports import Clock
    from keyturn.user_ports import InteractionOpener

INTERACTION_FIELD = "interaction"


class CannotContinue(Exception):
    """The interaction was used, has expired, or belongs to another browser; the user can restart the request."""


class StoredInteraction(NamedTuple):
    """A stored interaction, and its id in URLs."""

    id: str
    interaction: Interaction


class AuthorizationFlow:
    """Leads authorization requests to their codes.

    Its methods return the code or the redirect to the next page. They raise the OAuthError for the client, and
    CannotContinue.
    """

    def __init__(
        self,
        interactions: InteractionOpener,
        users: SignedInUsers,
        codes: CodeIssuance,
        browser: FormGuard,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._users = users
        self._codes = codes
        self._browser = browser
        self._clock = clock

    def find(self, interaction_id: str) -> StoredInteraction | None:
        """Return the interaction of any browser, or None."""
        interaction = self._interactions.get(hash_interaction_id(interaction_id))
        return None if interaction is None else StoredInteraction(interaction_id, interaction)

    def store(self, request: AuthorizationRequest, subject_hint: str | None) -> Response:
        """Store the request of a POST without a browser, and redirect to a GET, which comes with cookies."""
        stored = self._new(request, subject_hint, demands=frozenset())
        self._interactions.create(stored.interaction)
        return _redirect_to(paths.AUTHORIZATION, stored)

    def begin(
        self, http_request: Request, request: AuthorizationRequest, subject_hint: str | None
    ) -> AuthorizationCode | Response:
        """Return a code at once, or bind a new interaction to the browser and redirect to the login."""
        user = self._users.find(http_request, request.client)
        demands = demands_of(request, user, subject_hint)
        if user is not None and not demands - met_by_stored_consent(demands, request, user):
            code = self._issue(http_request, request, user, None)
            if code is not None:
                return code
            user, demands = None, demands_of(request, None, subject_hint)  # the session has just ended
        if not request.may_interact:
            raise error_without_interaction(demands - met_by_stored_consent(demands, request, user))
        secret, cookies = self._browser.ensure_secret(http_request)
        stored = self._new(request, subject_hint, demands=demands)
        self._interactions.create(_bound(stored.interaction, demands, user, hash_cookie(secret)))
        return _redirect_to(paths.LOGIN, stored)._replace(cookies=cookies)

    def resume(
        self, http_request: Request, request: AuthorizationRequest, stored: StoredInteraction
    ) -> AuthorizationCode | Response:
        """Return the code of an interaction whose demands are met, or the redirect to the next page."""
        if not self._may_continue(http_request, stored.interaction):
            raise CannotContinue
        user = self._users.find(http_request, request.client)
        if stored.interaction.browser_hash is None:
            return self._bind(http_request, request, stored, user)
        if stored.interaction.denied:
            raise UserDenied("the user refused")
        return self._continue(http_request, request, stored, user)

    def _bind(
        self, http_request: Request, request: AuthorizationRequest, stored: StoredInteraction, user: SignedInUser | None
    ) -> AuthorizationCode | Response:
        """Bind an interaction to this browser, and write its demands."""
        demands = demands_of(request, user, stored.interaction.subject_hint)
        missing = demands - met_by_stored_consent(demands, request, user)
        if missing and not request.may_interact:
            raise error_without_interaction(missing)
        secret, cookies = self._browser.ensure_secret(http_request)
        bound = _bound(stored.interaction, demands, user, hash_cookie(secret))
        if not self._interactions.bind(bound):
            raise CannotContinue
        if missing or user is None:
            return _redirect_to(paths.LOGIN, stored)._replace(cookies=cookies)
        return self._finish(http_request, request, bound, user)

    def _continue(
        self, http_request: Request, request: AuthorizationRequest, stored: StoredInteraction, user: SignedInUser | None
    ) -> AuthorizationCode | Response:
        """Return the code if each demand is met in this session, else redirect to the login."""
        interaction = stored.interaction
        demands = demands_of(request, user, interaction.subject_hint)
        marks = frozenset[Demand]()
        if user is not None and user.session.session_id == interaction.session_id:
            marks = met_by_marks(interaction, request, user)
            if Demand.AUTHENTICATE in marks and not matches_hint(user, interaction.subject_hint):
                raise LoginRequired("the user who signed in is not the one that id_token_hint names")
        missing = demands - marks - met_by_stored_consent(demands, request, user)
        if user is not None and not missing and user.session.session_id == interaction.session_id:
            return self._finish(http_request, request, interaction, user)
        if missing and not request.may_interact:
            raise error_without_interaction(missing)
        if _login_asks_for(missing, interaction, user):
            return _redirect_to(paths.LOGIN, stored)
        # The marks belong to another session, or are too old: the user starts again without marks.
        renewed = _bound(interaction, demands, user, interaction.browser_hash)
        if not self._interactions.demand(renewed):
            raise CannotContinue
        if user is not None and not demands - met_by_stored_consent(demands, request, user):
            return self._finish(http_request, request, renewed, user)
        return _redirect_to(paths.LOGIN, stored)

    def _finish(
        self, http_request: Request, request: AuthorizationRequest, interaction: Interaction, user: SignedInUser
    ) -> AuthorizationCode:
        code = self._issue(http_request, request, user, interaction)
        if code is None:
            raise CannotContinue
        return code

    def _issue(
        self, http_request: Request, request: AuthorizationRequest, user: SignedInUser, interaction: Interaction | None
    ) -> AuthorizationCode | None:
        code = self._codes.issue(request, user, interaction)
        if code is not None:
            http_request.note(outcome="code", gid=code.gid, sub=user.session.subject)
        return code

    def _may_continue(self, http_request: Request, interaction: Interaction) -> bool:
        """Return whether the interaction is unused, has not expired, and is unbound or bound to this browser."""
        if interaction.grant_id is not None or interaction.is_over(int(self._clock.now().latest)):
            return False
        if interaction.browser_hash is None:
            return True
        secret = self._browser.secret(http_request)
        return secret is not None and hmac.compare_digest(hash_cookie(secret), interaction.browser_hash)

    def _new(
        self, request: AuthorizationRequest, subject_hint: str | None, *, demands: frozenset[Demand]
    ) -> StoredInteraction:
        raw = secrets.token_bytes(INTERACTION_ID_BYTES)
        interaction_id = base64url.encode(raw)
        now = math.floor(self._clock.now().earliest)
        interaction = Interaction(
            key_hash=hash_interaction_id(interaction_id),
            client_id=request.client.client_id,
            request=request.parameters,
            scope=request.scope,
            resource=request.access.audience,
            demands=demands,
            created_at=now,
            expires_at=now + INTERACTION_LIFETIME,
            subject_hint=subject_hint,
        )
        return StoredInteraction(interaction_id, interaction)


def _bound(
    interaction: Interaction, demands: frozenset[Demand], user: SignedInUser | None, browser_hash: str | None
) -> Interaction:
    """Return the interaction with this browser, demands and session, and without marks."""
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


def _login_asks_for(missing: frozenset[Demand], interaction: Interaction, user: SignedInUser | None) -> bool:
    """Return whether the login will ask for all missing demands without a change of the interaction."""
    if not missing <= interaction.demands:
        return False
    if Demand.AUTHENTICATE in missing:
        return interaction.authenticated_at is None
    if user is None or user.session.session_id != interaction.session_id:
        return False
    return interaction.consented is None or missing == {Demand.CONFIRM}


def _redirect_to(path: str, stored: StoredInteraction) -> Response:
    return redirect(f"{path}?{urlencode({INTERACTION_FIELD: stored.id})}")
