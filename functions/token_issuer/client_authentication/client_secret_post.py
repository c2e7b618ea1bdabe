"""The secret in the form (RFC 6749 §2.3.1)."""

from __future__ import annotations

from keyturn.web.form import Form
from keyturn.web.request import Request
from token_issuer.client_authentication.credentials import PresentedSecret


def client_secret_post(_request: Request, form: Form) -> PresentedSecret | None:
    """Return the credentials of the form (RFC 6749 §2.3.1), or None."""
    secret = form.get("client_secret")
    return None if secret is None else PresentedSecret(form.require("client_id"), secret)
