"""Client authentication (RFC 6749 §2.3): exactly one method a request (R22).

An unknown client and a wrong secret cost the same work and get the same answer (R23).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.client import Client, secret_matches
from token_issuer.errors import InvalidClient, InvalidRequest
from token_issuer.form import Form, decode_component
from token_issuer.request import Request

if TYPE_CHECKING:
    from keyturn.ports import ClientReader


class PresentedSecret(NamedTuple):
    """A client id and the secret that came with it, not checked yet."""

    client_id: str
    secret: str


def client_secret_basic(request: Request, _form: Form) -> PresentedSecret | None:
    """Return the credentials of the Authorization header, both form-encoded (RFC 6749 §2.3.1), or None."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("the Authorization header is not Basic")
    try:
        client_id, separator, secret = base64.b64decode(encoded, validate=True).partition(b":")
        if not separator:
            raise InvalidClient("the Basic credentials have no colon")
        return PresentedSecret(decode_component(client_id), decode_component(secret))
    except (binascii.Error, ValueError, InvalidRequest):
        raise InvalidClient("the Basic credentials cannot be decoded") from None


def client_secret_post(_request: Request, form: Form) -> PresentedSecret | None:
    """Return the credentials of the form (RFC 6749 §2.3.1), or None."""
    secret = form.get("client_secret")
    return None if secret is None else PresentedSecret(form.require("client_id"), secret)


METHODS: dict[str, Callable[[Request, Form], PresentedSecret | None]] = {
    "client_secret_basic": client_secret_basic,
    "client_secret_post": client_secret_post,
}


class ClientAuthenticator:
    """Tells which registered client sent a request."""

    def __init__(self, clients: ClientReader) -> None:
        """Take the store of registered clients."""
        self._clients = clients

    def authenticate(self, request: Request, form: Form) -> Client:
        """Return the client that authenticated; raises InvalidRequest for two methods, else InvalidClient."""
        presented = [found for read in METHODS.values() if (found := read(request, form)) is not None]
        if len(presented) > 1:
            raise InvalidRequest("the request uses more than one client authentication method")
        if not presented:
            raise InvalidClient("no client authentication")
        [(client_id, secret)] = presented
        if form.get("client_id") not in (None, client_id):
            raise InvalidRequest("client_id differs from the client that authenticates")
        client = self._clients.get(client_id)
        if not secret_matches(client, secret) or client is None:
            request.note(claimed_client_id=client_id[:64])
            raise InvalidClient("unknown client or wrong secret")
        request.note(client_id=client.client_id)
        return client
