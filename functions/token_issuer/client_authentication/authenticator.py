"""Which client sent a request (RFC 6749 §2.3): exactly one method a request (R22).

Requests are counted after authentication, so that nobody uses up the rate of another client.

An unknown client, a wrong secret, and a method that the client is not registered for cost the same work and get the
same answer (R23).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from token_issuer.client_authentication.credentials import Method
from token_issuer.errors import InvalidClient, InvalidRequest, TooManyRequests
from token_issuer.request import IssuerRequest

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, RateCounter


class ClientAuthenticator:
    """Returns which registered client sent a request to one endpoint, and holds it to its rate there."""

    def __init__(
        self, clients: ClientReader, methods: Mapping[str, Method], rates: RateCounter, *, endpoint: str
    ) -> None:
        """Take the ports, the methods by the names that registrations give them, and the endpoint that is counted."""
        self._clients = clients
        self._methods = methods
        self._rates = rates
        self._endpoint = endpoint

    def authenticate(self, request: IssuerRequest, form: Form) -> Client:
        """Return the client that authenticated; raises InvalidRequest, InvalidClient, TooManyRequests."""
        client = self._identify(request, form)
        request.note_client(client)
        self._count(client)
        return client

    def _count(self, client: Client) -> None:
        """Count the request against the client's rate at this endpoint.

        Each endpoint has a counter of its own: a client that used up its rate for tokens can still revoke them.
        """
        if client.rate is None:
            return
        wait = self._rates.take(client.client_id, self._endpoint, client.rate)
        if wait:
            raise TooManyRequests(f"more than {client.rate} a minute", retry_after=wait)

    def _identify(self, request: IssuerRequest, form: Form) -> Client:
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
        # Treat a client that is not registered for this method as unknown, at the same cost.
        client = found if found is not None and method in found.authentication else None
        refusal = credentials.refusal(client)
        if client is not found:
            refusal = f"the client is not registered for {method}"
        if client is None or refusal is not None:
            if found is not None:
                # What names nobody may be a secret in the wrong place (R66).
                request.note(claimed_client_id=found.client_id)
            raise InvalidClient(refusal or "unknown client")
        return client
