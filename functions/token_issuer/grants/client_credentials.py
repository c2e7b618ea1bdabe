"""The client credentials grant (RFC 6749 §4.4) with resource indicators (RFC 8707)."""

from __future__ import annotations

from keyturn.domain.client import Client
from keyturn.domain.scope import parse_scope
from token_issuer.errors import InvalidScope, InvalidTarget
from token_issuer.form import Form
from token_issuer.issue_token import Authorization, IssuedToken, TokenIssuance


class ClientCredentialsGrant:
    """A client gets a token in its own name; no refresh token, since it can come again (RFC 6749 §4.4.3, R25)."""

    def __init__(self, issuance: TokenIssuance) -> None:
        """Take what issues tokens."""
        self._issuance = issuance

    def exchange(self, client: Client, form: Form) -> IssuedToken:
        """Return a token of the scope and for the resource asked for; raises InvalidScope, InvalidTarget."""
        authorization = Authorization(
            subject=client.client_id,
            client_id=client.client_id,
            audience=_audience(client, form.get("resource")),
            scope=_scope(client, form.get("scope")),
        )
        return self._issuance.issue(authorization)


def _scope(client: Client, requested: str | None) -> frozenset[str]:
    """Return what was asked for if the client may have all of it; nothing asked is all that it may have (R26)."""
    if requested is None:
        if not client.scopes:
            raise InvalidScope("the client has no scope")
        return client.scopes
    try:
        scope = parse_scope(requested)
    except ValueError as error:
        raise InvalidScope(str(error)) from None
    if not scope <= client.scopes:
        raise InvalidScope("the client may not have all of this scope")
    return scope


def _audience(client: Client, resource: str | None) -> str:
    """Return the audience of the resource asked for; nothing asked is the only one that the client has (R27)."""
    if resource is None:
        if len(client.audiences) != 1:
            raise InvalidTarget("the client has several audiences: name one as resource")
        return client.audiences[0]
    if resource not in client.audiences:
        raise InvalidTarget("the client may not have tokens for this resource")
    return resource
