"""What a request presents to say which client sent it; nothing of it is believed yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from keyturn.domain.clients.client import Client, secret_matches
from keyturn.web.form import Form
from keyturn.web.request import Request


class Credentials(Protocol):
    """A client id, and what is to prove it."""

    @property
    def client_id(self) -> str:
        """The client that the request says it is from."""

    def refusal(self, client: Client | None, /) -> str | None:
        """Return, for the log alone, why they are not this client's; None if they are.

        No client, for one that is unknown or not registered for the method, costs the same and is refused (R23).
        """


# Returns what a request presents by one method, or None where it does not use it; raises InvalidRequest, InvalidClient.
Method = Callable[[Request, Form], Credentials | None]


class PresentedSecret(NamedTuple):
    """A client id and the secret that came with it."""

    client_id: str
    secret: str

    def refusal(self, client: Client | None) -> str | None:
        """Return why the secret is not one of the client's, or None; compared in constant time."""
        return None if secret_matches(client, self.secret) else "unknown client or wrong secret"
