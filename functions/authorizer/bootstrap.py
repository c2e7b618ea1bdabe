"""The composition root: settings → adapters → the authorizer, once per cold start."""

from __future__ import annotations

import os
from functools import cache

from authorizer.authorize import Authorizer
from authorizer.key_view import KeyView
from authorizer.settings import Settings, SettingsError
from keyturn.adapters.lean_dynamodb import LeanDynamoDB, dynamodb_origin
from keyturn.adapters.lean_key_ring import LeanKeyRingReader
from keyturn.adapters.lean_revocations import LeanRevocationReader
from keyturn.adapters.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.key_ring import SIGNING_ALGORITHMS
from keyturn.jose import VerificationPolicy


@cache
def bootstrap() -> Authorizer:
    """Return the authorizer that the environment describes; raises SettingsError, again at each call."""
    settings = Settings(os.environ)
    try:
        dynamodb = LeanDynamoDB(dynamodb_origin(os.environ), os.environ, wall_seconds)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    key_ring = LeanKeyRingReader(dynamodb, settings.key_ring_table)
    return Authorizer(
        KeyView(key_ring, settings.revocation_bound, wall_seconds, monotonic_seconds),
        LeanRevocationReader(dynamodb, settings.revocation_table),
        VerificationPolicy(
            issuer=settings.issuer,
            previous_issuers=settings.previous_issuers,
            audiences=settings.audiences,
            algorithms=frozenset(SIGNING_ALGORITHMS),  # which of them a token needs is bound to its key
            leeway=settings.leeway,
            max_lifetime=settings.max_token_lifetime,
        ),
        settings.access_rules,
        wall_seconds,
    )
