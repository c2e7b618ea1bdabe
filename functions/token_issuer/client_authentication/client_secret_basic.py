"""The secret in the Authorization header (RFC 6749 §2.3.1)."""

from __future__ import annotations

import base64
import binascii

from keyturn.web.errors import BadRequest
from keyturn.web.form import Form, decode_component
from keyturn.web.request import Request
from token_issuer.client_authentication.credentials import PresentedSecret
from token_issuer.errors import InvalidClient


def client_secret_basic(request: Request, _form: Form) -> PresentedSecret | None:
    """Return the credentials of the Authorization header, both form-encoded (RFC 6749 §2.3.1), or None."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("the Authorization header is not Basic")
    try:
        # One space or more follow the scheme (RFC 9110 §11.4).
        client_id, separator, secret = base64.b64decode(rest.lstrip(" "), validate=True).partition(b":")
        if not separator:
            raise InvalidClient("the Basic credentials have no colon")
        return PresentedSecret(decode_component(client_id), decode_component(secret))
    except (binascii.Error, ValueError, BadRequest):
        raise InvalidClient("the Basic credentials cannot be decoded") from None
