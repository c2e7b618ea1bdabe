"""The composition root: settings → adapters → the authorizer, once per cold start."""

from __future__ import annotations

import os
from functools import cache

from authorizer.allow_log import AllowLog
from authorizer.authorize import Authorizer
from authorizer.bounded_view import Freshness
from authorizer.key_view import KeyView
from authorizer.metrics import Metrics
from authorizer.revocation_view import RevocationView
from authorizer.rules_view import RulesView
from authorizer.sandbox_time import SandboxTime
from authorizer.settings import Settings, SettingsError
from keyturn.adapters.lean_dynamodb import LeanDynamoDB, dynamodb_origin
from keyturn.adapters.lean_key_ring import LeanKeyRingReader
from keyturn.adapters.lean_parameter import LeanParameter, ssm_origin
from keyturn.adapters.lean_revocation_feed import LeanRevocationFeed
from keyturn.adapters.lean_revocations import LeanRevocationReader
from keyturn.adapters.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.revocation import GLOBAL_COPIES
from keyturn.jose import VerificationPolicy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyturn.ports import RevocationReader


@cache
def bootstrap() -> Authorizer:
    """Return the authorizer that the environment describes; raises SettingsError, again at each call."""
    settings = Settings(os.environ)
    dynamodb = LeanDynamoDB(_origin(dynamodb_origin), os.environ, wall_seconds)
    key_ring = LeanKeyRingReader(dynamodb, settings.key_ring_table)
    time = SandboxTime(wall_seconds, monotonic_seconds, lambda: dynamodb.date, settings.timeout)
    metrics = Metrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "authorizer"), time)
    freshness = Freshness(settings.revocation_bound, time, metrics)
    return Authorizer(
        KeyView(key_ring, freshness),
        _revocations(settings, dynamodb, freshness),
        verification_policy(settings),
        _rules(settings, time, metrics),
        time,
        metrics,
        AllowLog(settings.allowed_log_percent),
    )


def verification_policy(settings: Settings) -> VerificationPolicy:
    """Return what the authorizer accepts."""
    return VerificationPolicy(
        issuer=settings.issuer,
        previous_issuers=settings.previous_issuers,
        audiences=settings.audiences.names,
        algorithms=frozenset(SIGNING_ALGORITHMS),  # which of them a token needs is bound to its key
        leeway=settings.leeway,
        max_lifetime=settings.max_token_lifetime,
    )


def _origin(of_service: Callable[[Mapping[str, str]], str]) -> str:
    try:
        return of_service(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _rules(settings: Settings, time: SandboxTime, metrics: Metrics) -> RulesView:
    name, stack = settings.access_rules_parameter, settings.audiences
    if not name:
        return RulesView(lambda: settings.access_rules, "ACCESS_RULES", time, metrics, stack=stack)
    ssm = LeanParameter(_origin(ssm_origin), os.environ, wall_seconds)
    return RulesView(lambda: ssm.value(name), f"the parameter {name}", time, metrics, lambda: ssm.date, stack)


def _revocations(settings: Settings, dynamodb: LeanDynamoDB, freshness: Freshness) -> RevocationReader:
    strict = LeanRevocationReader(dynamodb, settings.revocation_table)
    if settings.revocation_mode == "strict":
        return strict
    feed = LeanRevocationFeed(dynamodb, settings.revocation_table, copy=os.urandom(1)[0] % GLOBAL_COPIES)
    horizon = settings.max_token_lifetime + settings.leeway
    return RevocationView(strict, feed, freshness, horizon=horizon)
