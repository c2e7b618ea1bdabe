"""Decides what a user still has to do before the client gets a code (OIDC Core §3.1.2.1, RFC 8252 §8.6).

The issuer decides these demands here; the login meets them and writes a mark for each.
"""

from __future__ import annotations

from keyturn.domain.clients.redirect_uri import is_native
from keyturn.domain.interactions.interaction import ConsentMark, Demand, Interaction
from token_issuer.authorization_request import AuthorizationRequest
from token_issuer.errors import ConsentRequired, InteractionRequired, LoginRequired, OAuthError
from token_issuer.signed_in_user import SignedInUser

_CONSENTS = frozenset({Demand.CONSENT, Demand.RECORDED_CONSENT})


def demands_of(request: AuthorizationRequest, user: SignedInUser | None, subject_hint: str | None) -> frozenset[Demand]:
    """Return the demands of a request; `subject_hint` is the subject of its id_token_hint, or None."""
    demands = set()
    is_session_usable = (
        user is not None
        and not request.requires_login
        and _is_recent_enough(request, user)
        and matches_hint(user, subject_hint)
    )
    if not is_session_usable:
        demands.add(Demand.AUTHENTICATE)
    if request.requires_consent:
        demands.add(Demand.CONSENT)
    elif not request.client.first_party:
        demands.add(Demand.RECORDED_CONSENT)
    if is_native(request.redirect_uri):
        demands.add(Demand.CONFIRM)
    return frozenset(demands)


def matches_hint(user: SignedInUser, subject_hint: str | None) -> bool:
    """Return whether the user is the subject of the id_token_hint; any user matches if there is none."""
    return subject_hint in (None, user.session.subject)


def met_by_stored_consent(
    demands: frozenset[Demand], request: AuthorizationRequest, user: SignedInUser | None
) -> frozenset[Demand]:
    """Return those of the demands that need no page: a stored consent that covers the request meets them."""
    if user is None or user.consent is None:
        return frozenset()
    covered = user.consent.covers(scope=request.scope, resource=request.access.audience, revoked_at=user.revoked_at)
    return demands & {Demand.RECORDED_CONSENT} if covered else frozenset()


def met_by_marks(interaction: Interaction, request: AuthorizationRequest, user: SignedInUser) -> frozenset[Demand]:
    """Return the demands that the marks of an interaction meet; the interaction belongs to this user's session."""
    met: set[Demand] = set()
    if interaction.authenticated_at is not None and user.session.auth_time >= interaction.authenticated_at:
        met.add(Demand.AUTHENTICATE)
    if interaction.confirmed_at is not None:
        met.add(Demand.CONFIRM)
    mark = interaction.consented
    if mark is not None and mark.at > user.revoked_at and _allows(mark, interaction, request):
        met |= _CONSENTS
    return frozenset(met)


def error_without_interaction(demands: frozenset[Demand]) -> OAuthError:
    """Return the error for prompt=none where the user would have to do something (OIDC Core §3.1.2.6)."""
    if Demand.AUTHENTICATE in demands:
        return LoginRequired("the user has to sign in")
    if demands & _CONSENTS:
        return ConsentRequired("the user has to allow the client")
    return InteractionRequired("the user has to confirm the client")


def _allows(mark: ConsentMark, interaction: Interaction, request: AuthorizationRequest) -> bool:
    """Return whether the user consented to exactly this; the registration may have lost scopes since then."""
    shown = (interaction.scope, interaction.resource)
    is_same = (mark.scope, mark.resource) == shown and mark.resource == request.access.audience
    return is_same and request.scope <= mark.scope


def _is_recent_enough(request: AuthorizationRequest, user: SignedInUser) -> bool:
    """Return whether the user entered the password at most max_age seconds before the late end of the present."""
    entered_at = min(user.session.created_at, user.session.auth_time)
    return request.max_age is None or user.since.latest - entered_at <= request.max_age
