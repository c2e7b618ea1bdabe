"""Authorization server metadata (RFC 8414), on the OpenID Connect Discovery path too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from keyturn.domain.access.scope import OFFLINE_ACCESS, OPENID
from keyturn.domain.clients.client import GRANT_TYPES
from keyturn.domain.grants import pkce
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.sessions.session import PASSWORD_ACR
from keyturn.jose.algorithms import ALGORITHM_NAMES
from keyturn.web.request import Request
from keyturn.web.responses import Response, public_document, to_json
from token_issuer import paths
from token_issuer.endpoints.userinfo import CLAIMS_OF_SCOPE


class MetadataEndpoint:
    """Publishes the endpoints and their features: the same bytes on both paths.

    `issuer` is the identifier exactly as tokens carry it (RFC 8414 §3.3). `authentication` are the methods of the
    token endpoint. Caches may keep the document for `max_age` seconds.
    """

    methods = ("GET", "HEAD")

    def __init__(self, issuer: str, authentication: Collection[str], *, max_age: int) -> None:
        body = to_json(describe_server(issuer, authentication))
        self._response = public_document(body, max_age=max_age)

    def respond(self, _request: Request) -> Response:
        """Return the document."""
        return self._response


def describe_server(issuer: str, authentication: Collection[str]) -> dict[str, Any]:
    """Return the metadata document (RFC 8414 §2); every URL begins with the issuer and never with a request's host."""
    methods = list(authentication)
    # The algorithms of assertions; most clients call Ed25519 EdDSA.
    algorithms = sorted(ALGORITHM_NAMES)
    return {
        "issuer": issuer,
        "jwks_uri": issuer + paths.JWKS,
        "token_endpoint": issuer + paths.TOKEN,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": issuer + paths.REVOCATION,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": issuer + paths.INTROSPECTION,
        # Introspection answers authenticated clients only (RFC 7662 §2.1).
        "introspection_endpoint_auth_methods_supported": [method for method in methods if method != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "grant_types_supported": sorted(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "acr_values_supported": [PASSWORD_ACR],
        # All algorithms that a ring may have in future: some verifiers apply this list to access tokens too, and keep
        # it while they run. From a list of today's algorithms they would refuse the tokens of a new ring or algorithm.
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "authorization_endpoint": issuer + paths.AUTHORIZATION,
        "userinfo_endpoint": issuer + paths.USERINFO,
        "end_session_endpoint": issuer + paths.LOGOUT,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": [OPENID, *CLAIMS_OF_SCOPE, OFFLINE_ACCESS],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce"]
        + [name for names in CLAIMS_OF_SCOPE.values() for name in names],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
