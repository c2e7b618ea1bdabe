"""Client authentication (RFC 6749 §2.3): one module per method, each naming its RFC."""

from __future__ import annotations

from token_issuer.client_authentication.authenticator import ClientAuthenticator

__all__ = ["ClientAuthenticator"]
