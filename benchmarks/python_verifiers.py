"""Other Python verifiers, each used as its documentation says, with key, issuer and audience prepared.

Each is imported where it is made ready: a contestant's process holds no other's modules.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.material import Material
from keyturn.domain.base64url import decode
from keyturn.jose import KeySet, VerificationPolicy, verify_access_token
from keyturn.jose.ecdsa_signature import to_der

Verify = Callable[[], object]


def raw(material: Material) -> Verify:
    """Return `cryptography`'s own verification: the signature alone, decoded beforehand."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    signed, _, signature = material.token.rpartition(".")
    data, given = signed.encode(), decode(signature.encode()) or b""
    members = {name: decode(value.encode()) or b"" for name, value in material.jwk.items() if name in "nexy"}
    if material.algorithm == "RS256":
        numbers = rsa.RSAPublicNumbers(int.from_bytes(members["e"], "big"), int.from_bytes(members["n"], "big"))
        rsa_key, pkcs1, sha256 = numbers.public_key(), padding.PKCS1v15(), hashes.SHA256()
        return lambda: rsa_key.verify(given, data, pkcs1, sha256)
    point = b"\x04" + members["x"] + members["y"]
    ec_key, ecdsa = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point), ec.ECDSA(hashes.SHA256())
    der = to_der(given, material.algorithm) or b""
    return lambda: ec_key.verify(der, data, ecdsa)


def keyturn_jose(material: Material, now: Callable[[], float]) -> Verify:
    """Return the verifier of this project alone."""
    keys = KeySet.from_jwks({"keys": [material.jwk]})
    policy = VerificationPolicy(
        issuer=material.issuer, audiences={material.audience}, algorithms={material.algorithm}, leeway=10
    )
    return lambda: verify_access_token(material.token, keys, policy, now=now())


def pyjwt(material: Material) -> Verify:
    """Return PyJWT with its key at hand."""
    import jwt

    key, options = jwt.PyJWK(material.jwk).key, _pyjwt_options(material)
    return lambda: jwt.decode(material.token, key, **options)


def pyjwt_jwk_client(material: Material, jwks_url: str, ca_file: str) -> Verify:
    """Return PyJWT with PyJWKClient, which has fetched the keys and keeps them."""
    import jwt

    context, options = ssl.create_default_context(cafile=ca_file), _pyjwt_options(material)
    client = jwt.PyJWKClient(jwks_url, cache_keys=True, lifespan=3600, ssl_context=context)
    return lambda: jwt.decode(material.token, client.get_signing_key_from_jwt(material.token).key, **options)


def _pyjwt_options(material: Material) -> dict[str, Any]:
    return {
        "algorithms": [material.algorithm],
        "audience": material.audience,
        "issuer": material.issuer,
        "leeway": 10,
        "options": {"require": ["exp", "iat", "sub", "jti"]},
    }


def joserfc(material: Material) -> Verify:
    """Return joserfc with a key set and a registry of claims."""
    from joserfc import jwt as joserfc_jwt
    from joserfc.jwk import KeySet as JoserfcKeySet

    keys = JoserfcKeySet.import_key_set({"keys": [material.jwk]})
    claims = joserfc_jwt.JWTClaimsRegistry(
        leeway=10,
        iss={"essential": True, "value": material.issuer},
        aud={"essential": True, "value": material.audience},
        exp={"essential": True},
    )

    def verify() -> object:
        token = joserfc_jwt.decode(material.token, keys, algorithms=[material.algorithm])
        claims.validate(token.claims)
        return token

    return verify


def authlib(material: Material) -> Verify:
    """Return Authlib with a key set and options for the claims."""
    with warnings.catch_warnings():  # its advice is joserfc, which is measured too
        warnings.simplefilter("ignore")
        from authlib.jose import JsonWebKey, JsonWebToken

    keys = JsonWebKey.import_key_set({"keys": [material.jwk]})
    codec = JsonWebToken([material.algorithm])
    options = {
        "iss": {"essential": True, "value": material.issuer},
        "aud": {"essential": True, "value": material.audience},
        "exp": {"essential": True},
    }

    def verify() -> object:
        claims = codec.decode(material.token, keys, claims_options=options)
        claims.validate(leeway=10)
        return claims

    return verify


def python_jose(material: Material) -> Verify:
    """Return python-jose with its key at hand."""
    from jose import jwk as jose_jwk
    from jose import jwt as jose_jwt

    key = jose_jwk.construct(material.jwk, material.algorithm)
    return lambda: jose_jwt.decode(
        material.token, key, algorithms=[material.algorithm], audience=material.audience, issuer=material.issuer
    )
