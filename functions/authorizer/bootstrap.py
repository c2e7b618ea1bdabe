"""The composition root: settings → adapters → the authorizer, once per cold start."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from authorizer.access_rules_cache import AccessRulesCache
from authorizer.allow_log import AllowLog
from authorizer.authorize import Authorizer
from authorizer.bounded_cache import Freshness
from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.revocation_cache import RevocationCache
from authorizer.sandbox_time import SandboxTime
from authorizer.settings import AuthorizerSettings, SettingsError
from keyturn.adapters.aws.dynamodb_reads import DynamoDbReads, dynamodb_origin
from keyturn.adapters.aws.ssm_parameters import SsmParameters, ssm_origin
from keyturn.adapters.aws.system_clock import monotonic_seconds, wall_seconds
from keyturn.adapters.keys.http_key_ring import HttpKeyRingReader
from keyturn.adapters.revocations.http_revocation_feed import HttpRevocationFeed
from keyturn.adapters.revocations.http_revocations import HttpRevocationReader
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.revocations.revocation import GLOBAL_COPIES
from keyturn.jose import VerificationPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyturn.ports import RevocationReader


@cache
def bootstrap() -> Authorizer:
    """Return the authorizer that the environment describes; raises SettingsError, again at each call."""
    settings = AuthorizerSettings(os.environ)
    dynamodb = DynamoDbReads(_origin(dynamodb_origin), os.environ, wall_seconds)
    key_ring = HttpKeyRingReader(dynamodb, settings.key_ring_table)
    time = SandboxTime(wall_seconds, monotonic_seconds, lambda: dynamodb.date, settings.timeout)
    metrics = Metrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "authorizer"), time)
    freshness = Freshness(settings.revocation_bound, time, metrics)
    return Authorizer(
        KeyRingCache(key_ring, freshness),
        _revocations(settings, dynamodb, freshness),
        verification_policy(settings),
        _rules(settings, time, metrics),
        time,
        metrics,
        AllowLog(settings.allowed_log_percent),
    )


def verification_policy(settings: AuthorizerSettings) -> VerificationPolicy:
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


def _rules(settings: AuthorizerSettings, time: SandboxTime, metrics: Metrics) -> AccessRulesCache:
    name, stack = settings.access_rules_parameter, settings.audiences
    if not name:
        return AccessRulesCache(lambda: settings.access_rules, "ACCESS_RULES", time, metrics, stack=stack)
    ssm = SsmParameters(_origin(ssm_origin), os.environ, wall_seconds)
    return AccessRulesCache(lambda: ssm.value(name), f"the parameter {name}", time, metrics, lambda: ssm.date, stack)


def _revocations(settings: AuthorizerSettings, dynamodb: DynamoDbReads, freshness: Freshness) -> RevocationReader:
    strict = HttpRevocationReader(dynamodb, settings.revocation_table)
    if settings.revocation_mode == "strict":
        return strict
    feed = HttpRevocationFeed(dynamodb, settings.revocation_table, copy=os.urandom(1)[0] % GLOBAL_COPIES)
    horizon = settings.max_token_lifetime + settings.leeway
    return RevocationCache(strict, feed, freshness, horizon=horizon)
