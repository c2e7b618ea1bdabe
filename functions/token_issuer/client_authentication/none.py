"""No authentication: a public client says who it is (RFC 6749 §3.2.1, RFC 7591 §2)."""

from __future__ import annotations

from typing import NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from keyturn.web.request import Request

_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


class ClaimedId(NamedTuple):
    """A client id alone."""

    client_id: str

    def refusal(self, client: Client | None) -> str | None:
        """Return why the id alone is not enough, or None for a client that has nothing else."""
        return "unknown client, or one that has to authenticate" if client is None else None


def none(request: Request, form: Form) -> ClaimedId | None:
    """Return the client_id of a form that presents nothing else, or None."""
    if "authorization" in request.headers or any(form.get(name) is not None for name in _CREDENTIALS):
        return None
    client_id = form.get("client_id")
    return None if client_id is None else ClaimedId(client_id)
