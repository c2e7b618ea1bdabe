"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from keyturn.domain.clients.client import GRANT_TYPES, Client
from keyturn.web.form import Form, read_form
from keyturn.web.responses import Response, json_response
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.errors import UnauthorizedClient, UnsupportedGrantType
from token_issuer.grants.checked_grant import CheckedGrant, CheckedGrants
from token_issuer.issue_token import IssuedToken
from token_issuer.request import IssuerRequest
from token_issuer.requested_access import check_parameters


class GrantHandler(Protocol):
    """One grant type."""

    def grant_id(self, form: Form, /) -> str | None:
        """Return the id of the stored grant that the request names, or None; raises nothing."""

    def exchange(self, client: Client, form: Form, found: CheckedGrant | None, /) -> IssuedToken:
        """Return the token for an authenticated client; raises OAuthError.

        `found` is the stored grant that the request names, if there is one.
        """


class TokenEndpoint:
    """Authenticates the client, and lets the handler of the grant type issue the token.

    `handlers` has one for each of GRANT_TYPES.
    """

    methods = ("POST",)

    def __init__(
        self, authenticator: ClientAuthenticator, stored: CheckedGrants, handlers: Mapping[str, GrantHandler]
    ) -> None:
        self._authenticator = authenticator
        self._stored = stored
        self._handlers = handlers

    def respond(self, request: IssuerRequest) -> Response:
        """Return a token response (RFC 6749 §5.1), which always has a scope.

        An unsupported grant type is refused before client authentication: the refusal then costs no read.
        """
        form = read_form(request)
        check_parameters(form)
        grant_type = form.require("grant_type")
        if grant_type not in GRANT_TYPES:
            raise UnsupportedGrantType("this grant type is not supported")
        handler = self._handlers[grant_type]
        grant_id = handler.grant_id(form)
        if grant_id is None:
            client, found = self._authenticate(request, form, grant_type), None
        else:
            with ThreadPoolExecutor(1) as executor:
                # The grant is read during client authentication: this saves two round trips.
                reading = executor.submit(self._stored.read, grant_id)
                client = self._authenticate(request, form, grant_type)
            found = reading.result()
        token = handler.exchange(client, form, found)
        request.note(outcome="issued", jti=token.jti, kid=token.kid, scope=token.scope)
        return _token_response(token)

    def _authenticate(self, request: IssuerRequest, form: Form, grant_type: str) -> Client:
        client = self._authenticator.authenticate(request, form)
        if grant_type not in client.grant_types:
            raise UnauthorizedClient("the client is not registered for this grant type")
        return client


def _token_response(token: IssuedToken) -> Response:
    optional = {"refresh_token": token.refresh_token, "id_token": token.id_token}
    return json_response(
        {
            "access_token": token.value,
            "token_type": "Bearer",
            "expires_in": token.expires_in,
            "scope": token.scope,
            **{name: value for name, value in optional.items() if value is not None},
        }
    )
