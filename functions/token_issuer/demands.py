"""The demands of an authorization request (OIDC Core §3.1.2.1, RFC 8252 §8.6): decided here, met by the login."""

from __future__ import annotations

from keyturn.domain.clients.redirect_uri import is_native
from keyturn.domain.interactions.interaction import ConsentMark, Demand, Interaction
from token_issuer.authorization_request import AuthorizationRequest
from token_issuer.current_user import CurrentUser
from token_issuer.errors import ConsentRequired, InteractionRequired, LoginRequired, OAuthError

_CONSENTS = frozenset({Demand.CONSENT, Demand.RECORDED_CONSENT})


def demands_of(asked: AuthorizationRequest, user: CurrentUser | None, expected: str | None) -> frozenset[Demand]:
    """Return the demands of a request; `expected` is the subject that an id_token_hint names, or None."""
    demands = set()
    if user is None or asked.again or not _is_young_enough(asked, user) or not is_expected(user, expected):
        demands.add(Demand.AUTHENTICATE)
    if asked.asks_consent:
        demands.add(Demand.CONSENT)
    elif not asked.client.first_party:
        demands.add(Demand.RECORDED_CONSENT)
    if is_native(asked.redirect_uri):
        demands.add(Demand.CONFIRM)
    return frozenset(demands)


def is_expected(user: CurrentUser, expected: str | None) -> bool:
    """Return whether the user is the one that an id_token_hint names; anybody is without one."""
    return expected in (None, user.session.subject)


def met_by_the_session(
    demands: frozenset[Demand], asked: AuthorizationRequest, user: CurrentUser | None
) -> frozenset[Demand]:
    """Return those of the demands that need no page: a consent that is recorded and covers the request."""
    if user is None or user.consent is None:
        return frozenset()
    covered = user.consent.covers(scope=asked.scope, resource=asked.access.audience, revoked_at=user.revoked_at)
    return demands & {Demand.RECORDED_CONSENT} if covered else frozenset()


def met_by_marks(interaction: Interaction, asked: AuthorizationRequest, user: CurrentUser) -> frozenset[Demand]:
    """Return the demands that have their own mark, in an interaction with this user's session."""
    met: set[Demand] = set()
    if interaction.authenticated_at is not None and user.session.auth_time >= interaction.authenticated_at:
        met.add(Demand.AUTHENTICATE)
    if interaction.confirmed_at is not None:
        met.add(Demand.CONFIRM)
    mark = interaction.consented
    if mark is not None and mark.at > user.revoked_at and _allows(mark, interaction, asked):
        met |= _CONSENTS
    return frozenset(met)


def refusal_without_pages(demands: frozenset[Demand]) -> OAuthError:
    """Return the error for prompt=none where something is left to ask the user (OIDC Core §3.1.2.6)."""
    if Demand.AUTHENTICATE in demands:
        return LoginRequired("the user has to sign in")
    if demands & _CONSENTS:
        return ConsentRequired("the user has to allow the client")
    return InteractionRequired("the user has to confirm the client")


def _allows(mark: ConsentMark, interaction: Interaction, asked: AuthorizationRequest) -> bool:
    """Return whether the user was asked for exactly this; a registration may have lost scopes since."""
    shown = (interaction.scope, interaction.resource)
    return (mark.scope, mark.resource) == shown and mark.resource == asked.access.audience and asked.scope <= mark.scope


def _is_young_enough(asked: AuthorizationRequest, user: CurrentUser) -> bool:
    """Return whether the password was given at most max_age seconds before the late end of the present."""
    given_at = min(user.session.created_at, user.session.auth_time)
    return asked.max_age is None or user.since.latest - given_at <= asked.max_age
