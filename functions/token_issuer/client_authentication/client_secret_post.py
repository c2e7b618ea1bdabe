"""The secret in the form (RFC 6749 §2.3.1)."""

from __future__ import annotations

from token_issuer.client_authentication.credentials import PresentedSecret
from token_issuer.form import Form
from token_issuer.request import Request


def client_secret_post(_request: Request, form: Form) -> PresentedSecret | None:
    """Return the credentials of the form (RFC 6749 §2.3.1), or None."""
    secret = form.get("client_secret")
    return None if secret is None else PresentedSecret(form.require("client_id"), secret)
