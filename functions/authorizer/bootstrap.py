"""The composition root: settings → adapters → the authorizer, once per cold start."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from authorizer.access_rules_cache import AccessRulesCache, RulesDocument
from authorizer.allow_log import AllowLog
from authorizer.authorize import Authorizer
from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from authorizer.revocation_cache import RevocationCache
from authorizer.sandbox_time import SandboxTime
from authorizer.settings import AuthorizerSettings
from keyturn.adapters.aws.dynamodb import DynamoDb, dynamodb_origin
from keyturn.adapters.aws.ssm_parameters import SsmParameters, ssm_origin
from keyturn.adapters.aws.system_clock import monotonic_seconds, wall_seconds
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.revocations.dynamodb_revocation_feed import DynamoDbRevocationFeed
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.revocations.revocation import GLOBAL_COPIES
from keyturn.jose import VerificationPolicy

if TYPE_CHECKING:
    from keyturn.ports import RevocationReader


class AuthorizerFunction:
    """The composed Lambda function: the authorizer, its metrics, and the log of what it allows."""

    __slots__ = ("allow_log", "authorizer", "metrics")

    def __init__(self, authorizer: Authorizer, metrics: Metrics, allow_log: AllowLog) -> None:
        self.authorizer = authorizer
        self.metrics = metrics
        self.allow_log = allow_log


@cache
def bootstrap() -> AuthorizerFunction:
    """Return the function that the environment describes; raises SettingsError, again at each call."""
    settings = AuthorizerSettings(os.environ)
    dynamodb = DynamoDb(dynamodb_origin(os.environ), os.environ, wall_seconds)
    time = SandboxTime(wall_seconds, monotonic_seconds, lambda: dynamodb.date, settings.timeout)
    metrics = Metrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "authorizer"), time)
    bound = RevocationBound(settings.revocation_bound, time, metrics)
    authorizer = Authorizer(
        KeyRingCache(DynamoDbKeyRings(dynamodb, settings.key_ring_table), bound),
        _revocations(settings, dynamodb, bound),
        verification_policy(settings),
        AccessRulesCache(_rules_document(settings), time, metrics, settings.audiences),
        time,
    )
    return AuthorizerFunction(authorizer, metrics, AllowLog(settings.allowed_log_percent))


def verification_policy(settings: AuthorizerSettings) -> VerificationPolicy:
    """Return the policy by which the authorizer verifies access tokens."""
    return VerificationPolicy(
        issuer=settings.issuer,
        previous_issuers=settings.previous_issuers,
        audiences=settings.audiences.names,
        algorithms=frozenset(SIGNING_ALGORITHMS),  # each key is bound to one of them
        leeway=settings.leeway,
        max_lifetime=settings.max_token_lifetime,
    )


def _rules_document(settings: AuthorizerSettings) -> RulesDocument:
    name = settings.access_rules_parameter
    if not name:
        return RulesDocument(lambda: settings.access_rules, "ACCESS_RULES")
    ssm = SsmParameters(ssm_origin(os.environ), os.environ, wall_seconds)
    return RulesDocument(lambda: ssm.value(name), f"the parameter {name}", lambda: ssm.date)


def _revocations(settings: AuthorizerSettings, dynamodb: DynamoDb, bound: RevocationBound) -> RevocationReader:
    strict = DynamoDbRevocationReader(dynamodb, settings.revocation_table)
    if settings.revocation_mode == "strict":
        return strict
    feed = DynamoDbRevocationFeed(dynamodb, settings.revocation_table, copy=os.urandom(1)[0] % GLOBAL_COPIES)
    longest = settings.max_token_lifetime + settings.leeway
    return RevocationCache(strict, feed, bound, longest_token_lifetime=longest)
