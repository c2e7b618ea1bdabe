"""The composition root: settings → adapters → the authorizer, once per cold start."""

from __future__ import annotations

import os
from functools import cache

from authorizer.authorize import Authorizer
from authorizer.bounded_view import Freshness
from authorizer.key_view import KeyView
from authorizer.metrics import Metrics
from authorizer.revocation_view import RevocationView
from authorizer.settings import Settings, SettingsError
from keyturn.adapters.lean_dynamodb import LeanDynamoDB, dynamodb_origin
from keyturn.adapters.lean_key_ring import LeanKeyRingReader
from keyturn.adapters.lean_revocation_feed import LeanRevocationFeed
from keyturn.adapters.lean_revocations import LeanRevocationReader
from keyturn.adapters.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.revocation import GLOBAL_COPIES
from keyturn.jose import VerificationPolicy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyturn.ports import RevocationReader


@cache
def bootstrap() -> Authorizer:
    """Return the authorizer that the environment describes; raises SettingsError, again at each call."""
    settings = Settings(os.environ)
    try:
        dynamodb = LeanDynamoDB(dynamodb_origin(os.environ), os.environ, wall_seconds)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    key_ring = LeanKeyRingReader(dynamodb, settings.key_ring_table)
    metrics = Metrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "authorizer"), wall_seconds, monotonic_seconds)
    freshness = Freshness(settings.revocation_bound, wall_seconds, monotonic_seconds, metrics)
    return Authorizer(
        KeyView(key_ring, freshness),
        _revocations(settings, dynamodb, freshness),
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
        metrics,
    )


def _revocations(settings: Settings, dynamodb: LeanDynamoDB, freshness: Freshness) -> RevocationReader:
    strict = LeanRevocationReader(dynamodb, settings.revocation_table)
    if settings.revocation_mode == "strict":
        return strict
    feed = LeanRevocationFeed(dynamodb, settings.revocation_table, copy=os.urandom(1)[0] % GLOBAL_COPIES)
    horizon = settings.max_token_lifetime + settings.leeway
    return RevocationView(strict, feed, freshness, horizon=horizon)
