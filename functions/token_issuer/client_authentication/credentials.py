"""The credentials that a request presents for a client; they are untrusted until they are verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from keyturn.domain.clients.client import Client, secret_matches
from keyturn.web.form import Form
from keyturn.web.request import Request
from token_issuer.errors import InvalidClient


class Credentials(Protocol):
    """A client id and its proof."""

    @property
    def client_id(self) -> str:
        """The client that the request claims to be from."""

    def verify(self, client: Client, /) -> None:
        """Raise InvalidClient, with the reason for the log, unless the credentials are this client's."""

    def imitate_verification(self) -> None:
        """Do the work of `verify` without a client: an unknown client must cost as much as a known one."""


# Returns the credentials that a request presents by one method, or None if it does not use the method.
# Raises InvalidRequest, InvalidClient.
Method = Callable[[Request, Form], Credentials | None]


class PresentedSecret(NamedTuple):
    """A client id and the secret that came with it."""

    client_id: str
    secret: str

    def verify(self, client: Client) -> None:
        """Compare the secret in constant time; raises InvalidClient for a wrong one."""
        if not secret_matches(client, self.secret):
            raise InvalidClient("wrong secret")

    def imitate_verification(self) -> None:
        """Hash and compare the secret as for a known client."""
        secret_matches(None, self.secret)
