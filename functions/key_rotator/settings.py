"""The settings of the key rotator, read from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keyturn.domain.keys.audience_algorithms import parse_audience_algorithms
from keyturn.domain.keys.key_ring import DEFAULT_RING, RING_NAMES
from keyturn.domain.keys.rotation_policy import RotationPolicy
from keyturn.environment import parsed, text, whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatorSettings:
    """The rotator's configuration; `policies` are by the name of the ring, for each ring that a stack can have."""

    stack_name: str
    key_ring_table: str
    revocation_table: str
    issuer_role_arn: str
    rotator_role_arn: str
    policies: dict[str, RotationPolicy]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RotatorSettings:
        """Return the settings, before any check of their durations against each other; raises SettingsError."""
        return cls(
            stack_name=text(environment, "STACK_NAME"),
            key_ring_table=text(environment, "KEY_RING_TABLE"),
            revocation_table=text(environment, "REVOCATION_TABLE"),
            issuer_role_arn=text(environment, "ISSUER_ROLE_ARN"),
            rotator_role_arn=text(environment, "ROTATOR_ROLE_ARN"),
            policies=_policies(environment),
        )


def _policies(environment: Mapping[str, str]) -> dict[str, RotationPolicy]:
    audiences = environment.get("AUDIENCE_ALGORITHMS", "")
    audience_algorithms = parsed("AUDIENCE_ALGORITHMS", audiences, parse_audience_algorithms)
    in_use = {DEFAULT_RING, *audience_algorithms.values()}
    default = _default_policy(environment, rings=len(in_use))
    others = {name: replace(default, algorithm=name, in_use=name in in_use) for name in RING_NAMES[1:]}
    return {DEFAULT_RING: default} | others


def _default_policy(environment: Mapping[str, str], *, rings: int) -> RotationPolicy:
    return RotationPolicy(
        algorithm=text(environment, "SIGNING_ALGORITHM"),
        rsa_key_size=whole_number(environment, "RSA_KEY_SIZE"),
        rings=rings,
        access_token_lifetime=whole_number(environment, "ACCESS_TOKEN_LIFETIME_SECONDS"),
        max_token_lifetime=whole_number(environment, "MAX_TOKEN_LIFETIME_SECONDS"),
        leeway=whole_number(environment, "LEEWAY_SECONDS"),
        ring_view=whole_number(environment, "RING_VIEW_SECONDS"),
        verifier_cache=whole_number(environment, "VERIFIER_CACHE_SECONDS"),
        jwks_max_age=whole_number(environment, "JWKS_MAX_AGE_SECONDS"),
        publish_lead=whole_number(environment, "PUBLISH_LEAD_SECONDS"),
        retention=whole_number(environment, "RETENTION_SECONDS"),
        rotation_period=whole_number(environment, "ROTATION_PERIOD_SECONDS"),
        intent_timeout=whole_number(environment, "INTENT_TIMEOUT_SECONDS"),
        deletion_window_days=whole_number(environment, "DELETION_WINDOW_DAYS"),
        max_published_keys=whole_number(environment, "MAX_PUBLISHED_KEYS"),
    )
