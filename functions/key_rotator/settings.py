"""The environment that this function needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.audience_algorithms import parse_audience_algorithms
from keyturn.domain.keys.key_ring import DEFAULT_RING, RING_NAMES
from keyturn.domain.keys.rotation_policy import RotationPolicy


class SettingsError(KeyturnError):
    """An environment variable is missing or wrong; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatorSettings:
    """The rotator's configuration; `policies` by the name of the ring, for each that a stack can have."""

    stack_name: str
    key_ring_table: str
    revocation_table: str
    issuer_role_arn: str
    rotator_role_arn: str
    policies: dict[str, RotationPolicy]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RotatorSettings:
        """Return the settings, whose durations nobody has checked against each other; raises SettingsError."""
        return cls(
            stack_name=_text(environment, "STACK_NAME"),
            key_ring_table=_text(environment, "KEY_RING_TABLE"),
            revocation_table=_text(environment, "REVOCATION_TABLE"),
            issuer_role_arn=_text(environment, "ISSUER_ROLE_ARN"),
            rotator_role_arn=_text(environment, "ROTATOR_ROLE_ARN"),
            policies=_policies(environment),
        )


def _policies(environment: Mapping[str, str]) -> dict[str, RotationPolicy]:
    try:
        audience_algorithms = parse_audience_algorithms(environment.get("AUDIENCE_ALGORITHMS", ""))
    except ValueError as error:
        raise SettingsError(f"AUDIENCE_ALGORITHMS: {error}") from None
    in_use = {DEFAULT_RING, *audience_algorithms.values()}
    default = _default_policy(environment, rings=len(in_use))
    others = {name: replace(default, algorithm=name, in_use=name in in_use) for name in RING_NAMES[1:]}
    return {DEFAULT_RING: default} | others


def _default_policy(environment: Mapping[str, str], *, rings: int) -> RotationPolicy:
    return RotationPolicy(
        algorithm=_text(environment, "SIGNING_ALGORITHM"),
        rsa_key_size=_number(environment, "RSA_KEY_SIZE"),
        rings=rings,
        access_token_lifetime=_number(environment, "ACCESS_TOKEN_LIFETIME_SECONDS"),
        max_token_lifetime=_number(environment, "MAX_TOKEN_LIFETIME_SECONDS"),
        leeway=_number(environment, "LEEWAY_SECONDS"),
        ring_view=_number(environment, "RING_VIEW_SECONDS"),
        verifier_cache=_number(environment, "VERIFIER_CACHE_SECONDS"),
        jwks_max_age=_number(environment, "JWKS_MAX_AGE_SECONDS"),
        publish_lead=_number(environment, "PUBLISH_LEAD_SECONDS"),
        retention=_number(environment, "RETENTION_SECONDS"),
        rotation_period=_number(environment, "ROTATION_PERIOD_SECONDS"),
        intent_timeout=_number(environment, "INTENT_TIMEOUT_SECONDS"),
        deletion_window_days=_number(environment, "DELETION_WINDOW_DAYS"),
        max_published_keys=_number(environment, "MAX_PUBLISHED_KEYS"),
    )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _number(environment: Mapping[str, str], name: str) -> int:
    text = _text(environment, name)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SettingsError(f"{name} is not a whole number of at most nine digits")
    return int(text)
