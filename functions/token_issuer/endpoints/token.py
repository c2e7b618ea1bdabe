"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from keyturn.domain.clients.client import Client
from keyturn.web.form import Form, read_form
from keyturn.web.responses import Response, json_response
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.errors import UnauthorizedClient, UnsupportedGrantType
from token_issuer.issue_token import IssuedToken
from token_issuer.request import IssuerRequest
from token_issuer.requested_access import check_parameters


class GrantHandler(Protocol):
    """One way to get a token."""

    def prepare(self, form: Form, /) -> Callable[[Client], IssuedToken]:
        """Read what a request names, and return what gives its token to the client; both raise OAuthError.

        The client has not authenticated yet: nothing is changed, and nothing told.
        """


class TokenEndpoint:
    """Authenticates the client, and lets the grant of the requested type decide."""

    methods = ("POST",)
    cors = True

    def __init__(self, authenticator: ClientAuthenticator, grants: Mapping[str, GrantHandler]) -> None:
        """Take the grants by their grant_type."""
        self._authenticator = authenticator
        self._grants = grants

    def respond(self, request: IssuerRequest) -> Response:
        """Return a token response (RFC 6749 §5.1); scope is always in it (R26)."""
        form = read_form(request)
        check_parameters(form)
        with ThreadPoolExecutor(1) as beside:
            # What the grant reads is there when the client has authenticated: two round trips less (P10).
            prepared = beside.submit(self._prepare, form)
            client = self._authenticator.authenticate(request, form)
        self._check_grant_type(client, form.require("grant_type"))
        token = prepared.result()(client)
        request.note(outcome="issued", jti=token.jti, kid=token.kid, scope=token.scope)
        return json_response(
            {
                "access_token": token.value,
                "token_type": "Bearer",
                "expires_in": token.expires_in,
                "scope": token.scope,
                **({} if token.refresh_token is None else {"refresh_token": token.refresh_token}),
                **({} if token.id_token is None else {"id_token": token.id_token}),
            }
        )

    def _prepare(self, form: Form) -> Callable[[Client], IssuedToken]:
        return self._grants[form.require("grant_type")].prepare(form)

    def _check_grant_type(self, client: Client, grant_type: str) -> None:
        if grant_type not in self._grants:
            raise UnsupportedGrantType("this grant type is not supported")
        if grant_type not in client.grant_types:
            raise UnauthorizedClient("the client is not registered for this grant type")
