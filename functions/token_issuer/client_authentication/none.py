"""No authentication: a public client states its id (RFC 6749 §3.2.1, RFC 7591 §2)."""

from __future__ import annotations

from typing import NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from keyturn.web.request import Request

_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


class ClaimedId(NamedTuple):
    """A client id without a proof."""

    client_id: str

    def verify(self, client: Client) -> None:
        """Accept any client that is registered for this method: a public client has no credentials."""

    def imitate_verification(self) -> None:
        """Do nothing, as `verify` does."""


def none(request: Request, form: Form) -> ClaimedId | None:
    """Return the client_id of a form without other credentials, else None."""
    if "authorization" in request.headers or any(form.get(name) is not None for name in _CREDENTIALS):
        return None
    client_id = form.get("client_id")
    return None if client_id is None else ClaimedId(client_id)
