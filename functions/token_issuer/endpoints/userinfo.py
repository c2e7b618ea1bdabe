"""The userinfo endpoint (OIDC Core §5.3): the claims of an access token's user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.scope import OPENID
from keyturn.domain.revocations.revocation import is_revoked, targets_of
from keyturn.web.form import is_form, read_form, read_query
from keyturn.web.responses import Response, json_response
from token_issuer.errors import InsufficientScope, InvalidToken, SeveralTokens
from token_issuer.presented_access_token import PresentedAccessTokens
from token_issuer.request import IssuerRequest

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, Clock, RevocationReader
    from keyturn.user_ports import UserReader

# The claims that each scope requests (OIDC Core §5.4).
CLAIMS_OF_SCOPE = {
    "profile": (
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture"),
        *("website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}


class UserinfoEndpoint:
    """Returns the claims of the user to the bearer of an access token with the scope openid."""

    methods = ("GET", "POST")

    def __init__(
        self,
        tokens: PresentedAccessTokens,
        clients: ClientReader,
        revocations: RevocationReader,
        users: UserReader,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._clients = clients
        self._revocations = revocations
        self._clock = clock
        self._users = users

    def respond(self, request: IssuerRequest) -> Response:
        """Return sub and the claims of the scope; raises InvalidToken, InsufficientScope (RFC 6750 §3.1).

        Each request reads the revocations, so that a revocation applies at once.
        """
        token = self._tokens.read(_bearer(request), request, now=lambda: self._clock.now().latest)
        if token is None:
            raise InvalidToken("the access token is not valid")
        # The present before the read: a revocation applies to an unexpired token, however slow the store answers.
        present = self._clock.now().earliest
        if is_revoked(token, self._revocations.find(targets_of(token)), present):
            raise InvalidToken("the access token is not valid", detail="revoked")
        client = None if request.origin is None else self._clients.get(token.client_id)
        if client is not None:
            request.note_client(client)  # its pages may read the response
        if OPENID not in token.scope:
            raise InsufficientScope(OPENID)
        user = self._users.get(token.subject)
        if user is None:
            raise InvalidToken("the access token is not valid", detail="the user is gone")
        open_to_it = {name for scope in token.scope for name in CLAIMS_OF_SCOPE.get(scope, ())}
        claims = {name: value for name, value in user.standard_claims().items() if name in open_to_it}
        request.note(outcome="told", client_id=token.client_id)
        return json_response(claims | {"sub": token.subject})


def _bearer(request: IssuerRequest) -> str:
    """Return the token of the Authorization header (RFC 6750 §2.1) or of a posted form (§2.2).

    A token in the query is refused: logs and browser histories would show it (§5.3). Raises SeveralTokens for a second
    token by another method (§3.1).
    """
    header = request.headers.get("authorization", "")
    scheme, _, rest = header.partition(" ")
    token = rest.lstrip(" ")  # one space or more follow the scheme (RFC 9110 §11.4)
    form = read_form(request) if request.method == "POST" and is_form(request) else None
    in_header = scheme.lower() == "bearer" and bool(token)
    in_form = form is not None and form.has("access_token")
    if (in_header or in_form) and in_header + in_form + read_query(request).has("access_token") > 1:
        raise SeveralTokens
    if form is not None and in_form:
        form.check_repetitions()
        token = form.get("access_token") or ""
    elif not in_header:
        token = ""
    if not token:
        raise InvalidToken("")
    return token
