"""Authenticates the client of a request (RFC 6749 §2.3): a request uses exactly one method.

Requests are counted after authentication, so that a stranger cannot use up the rate of a client.

Three failures cost the same work and get the same answer: an unknown client, a wrong secret, and a method that
the client is not registered for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from token_issuer.client_authentication.credentials import Credentials, Method
from token_issuer.errors import InvalidClient, InvalidRequest, TooManyRequests
from token_issuer.request import IssuerRequest

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, RateCounter


class ClientAuthenticator:
    """Authenticates the clients of one endpoint and enforces their rates there.

    `methods` are keyed by their registered names (RFC 7591 §2). `endpoint` names the counter of the rate.
    """

    def __init__(
        self, clients: ClientReader, methods: Mapping[str, Method], rates: RateCounter, *, endpoint: str
    ) -> None:
        self._clients = clients
        self._methods = methods
        self._rates = rates
        self._endpoint = endpoint

    def authenticate(self, request: IssuerRequest, form: Form) -> Client:
        """Return the authenticated client; raises InvalidRequest, InvalidClient, TooManyRequests."""
        method, credentials = self._read_credentials(request, form)
        client = self._clients.get(credentials.client_id)
        try:
            client = _verify(credentials, method, client)
        except InvalidClient:
            if client is not None:
                # An id that belongs to no client stays out of the log: it may be a secret in the wrong field.
                request.note(claimed_client_id=client.client_id)
            raise
        request.note_client(client)
        self._count(client)
        return client

    def _read_credentials(self, request: IssuerRequest, form: Form) -> tuple[str, Credentials]:
        """Return the method that the request uses, and its credentials; raises InvalidRequest, InvalidClient."""
        read = {name: method(request, form) for name, method in self._methods.items()}
        presented = [(name, credentials) for name, credentials in read.items() if credentials is not None]
        if len(presented) > 1:
            raise InvalidRequest("the request uses more than one client authentication method")
        if not presented:
            raise InvalidClient("no client authentication")
        [(method, credentials)] = presented
        if form.get("client_id") not in (None, credentials.client_id):
            raise InvalidRequest("client_id differs from the client that authenticates")
        return method, credentials

    def _count(self, client: Client) -> None:
        """Count the request against the client's rate at this endpoint.

        Each endpoint has its own counter: a client that used up its rate for tokens can still revoke them.
        """
        if client.rate is None:
            return
        wait = self._rates.take(client.client_id, self._endpoint, client.rate)
        if wait:
            raise TooManyRequests(f"more than {client.rate} a minute", retry_after=wait)


def _verify(credentials: Credentials, method: str, client: Client | None) -> Client:
    """Return the client if the credentials are its own; raises InvalidClient, at the same cost for each cause."""
    if client is None:
        credentials.imitate_verification()
        raise InvalidClient("unknown client")
    if method not in client.authentication:
        credentials.imitate_verification()
        raise InvalidClient(f"the client is not registered for {method}")
    credentials.verify(client)
    return client
