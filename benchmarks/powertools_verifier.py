"""An authorizer on the JWTVerifier of Powertools (`auth_alpha` of the pinned release), with our checks: a peer of ours.

Keys and revoked ids are in memory. One allowed request in ten writes a line, as in our snapshot mode.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier

from benchmarks.material import Material

_CLAIMS = ["sub", "client_id", "iat", "jti"]
_SCOPES: dict[str, list[str]] = {"GET /reports": []}
_LOGGED = 10  # one allowed request in so many


def powertools_verifier(material: Material) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """Return the handler of an HTTP API's simple answers."""
    verifier = JWTVerifier(
        issuer=material.issuer,
        audience=material.audience,
        algorithms=["ES256", "RS256"],
        jwks={"keys": [material.jwk]},
        required_claims=_CLAIMS,
        expected_headers={"typ": "at+jwt"},
        clock_skew_seconds=10,
    )
    revoked = frozenset(f"jti#{jti}" for jti in material.revoked)
    logger, allowed = Logger(service="authorizer"), count()

    def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        scopes = _SCOPES.get(event["routeKey"])
        if scopes is None:
            return {"isAuthorized": False}
        answer = verifier.authorize(event, scopes=scopes, response_format="simple", context_claims=[*_CLAIMS, "scope"])
        if not answer["isAuthorized"] or not revoked.isdisjoint(_targets(answer["context"])):
            return {"isAuthorized": False}
        if next(allowed) % _LOGGED == 0:
            logger.info("allowed", jti=answer["context"]["jti"])
        return answer

    return lambda_handler


def _targets(claims: dict[str, Any]) -> tuple[str, ...]:
    subject, client = claims["sub"], claims["client_id"]
    return f"jti#{claims['jti']}", f"sub#{subject}", f"client#{client}", f"pair#{subject}#{client}", "global#0"
