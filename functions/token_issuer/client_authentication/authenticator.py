"""Which client sent a request (RFC 6749 §2.3): exactly one method a request (R22).

An unknown client, a wrong secret, and a method that the client is not registered for cost the same work and get the
same answer (R23).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keyturn.domain.client import Client
from token_issuer.client_authentication.credentials import Method
from token_issuer.errors import InvalidClient, InvalidRequest
from token_issuer.form import Form
from token_issuer.request import Request

if TYPE_CHECKING:
    from keyturn.ports import ClientReader


class ClientAuthenticator:
    """Tells which registered client sent a request."""

    def __init__(self, clients: ClientReader, methods: Mapping[str, Method]) -> None:
        """Take the store of registered clients, and the methods by the names that registrations give them."""
        self._clients = clients
        self._methods = methods

    def authenticate(self, request: Request, form: Form) -> Client:
        """Return the client that authenticated; raises InvalidRequest for two methods, else InvalidClient."""
        read = {name: method(request, form) for name, method in self._methods.items()}
        presented = {name: credentials for name, credentials in read.items() if credentials is not None}
        if len(presented) > 1:
            raise InvalidRequest("the request uses more than one client authentication method")
        if not presented:
            raise InvalidClient("no client authentication")
        [(method, credentials)] = presented.items()
        if form.get("client_id") not in (None, credentials.client_id):
            raise InvalidRequest("client_id differs from the client that authenticates")
        found = self._clients.get(credentials.client_id)
        # Whoever may not use the method is nobody from here on, so that no credentials are weighed for it.
        client = found if found is not None and method in found.authentication else None
        refusal = credentials.refusal(client)
        if client is not found:
            refusal = f"the client is not registered for {method}"
        if client is None or refusal is not None:
            if found is not None:
                # What names nobody may be a secret in the wrong place (R66).
                request.note(claimed_client_id=found.client_id)
            raise InvalidClient(refusal or "unknown client")
        request.note_client(client)
        return client
