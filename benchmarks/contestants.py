"""Names of the contestants of a warm run, and which of the refused tokens each one must refuse."""

from __future__ import annotations

from benchmarks.baseline import COMMIT

OURS, FIRST_SEEN, LOGGED = "keyturn", "keyturn, first-seen tokens", "keyturn, a line for each"
RAW, NODE_RAW = "cryptography", "node:crypto"
VERIFIERS = ("keyturn.jose", "PyJWT", "PyJWT + PyJWKClient", "joserfc", "authlib", "python-jose")
NODE_VERIFIERS = ("fast-jwt", "fast-jwt, its cache on", "aws-jwt-verify", "jsonwebtoken", "jose")
POWERTOOLS, POWERTOOLS_JWT = "PyJWT + boto3 + Powertools", "authorizer on Powertools JWTVerifier"
NODE_AUTHORIZER = "authorizer on aws-jwt-verify"
REFUSALS = ("malformed", "oversized", "unknown kid", "unknown kid, ever new header")
FORGED = "forged signature, published kid"

AUTHORIZERS = (OURS, FIRST_SEEN, LOGGED, POWERTOOLS, POWERTOOLS_JWT, NODE_AUTHORIZER)
IN_NODE = (NODE_RAW, *NODE_VERIFIERS, NODE_AUTHORIZER)


def kinds_to_refuse(name: str) -> tuple[str, ...]:
    """Return the kinds of `Material.refused` that the contestant has to refuse before its time counts."""
    if name in (RAW, NODE_RAW):
        return ("tampered",)
    if name in AUTHORIZERS:
        return ("tampered", "expired", "another audience", "revoked")
    return () if name.startswith("refuse: ") else ("tampered", "expired", "another audience")


def at_baseline(name: str) -> str:
    """Return the name of the same contestant at the commit that the goals compare with."""
    return f"{COMMIT}: {name}"
