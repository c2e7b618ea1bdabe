"""The environment is read strictly, and what is wrong is named."""

from __future__ import annotations

import pytest

from key_rotator.settings import RotatorSettings
from keyturn.environment import SettingsError

ENVIRONMENT = {
    "STACK_NAME": "keyturn",
    "KEY_RING_TABLE": "rings",
    "REVOCATION_TABLE": "revocations",
    "ISSUER_ROLE_ARN": "arn:aws:iam::123456789012:role/issuer",
    "ROTATOR_ROLE_ARN": "arn:aws:iam::123456789012:role/rotator",
    "SIGNING_ALGORITHM": "RS256",
    "RSA_KEY_SIZE": "3072",
    "ACCESS_TOKEN_LIFETIME_SECONDS": "900",
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "LEEWAY_SECONDS": "10",
    "RING_VIEW_SECONDS": "60",
    "VERIFIER_CACHE_SECONDS": "7200",
    "JWKS_MAX_AGE_SECONDS": "300",
    "PUBLISH_LEAD_SECONDS": "86400",
    "RETENTION_SECONDS": "86401",
    "ROTATION_PERIOD_SECONDS": "2592000",
    "INTENT_TIMEOUT_SECONDS": "901",
    "DELETION_WINDOW_DAYS": "30",
    "MAX_PUBLISHED_KEYS": "3",
}


def test_every_variable_has_its_place() -> None:
    """Each variable arrives where it belongs."""
    settings = RotatorSettings.from_environment(ENVIRONMENT)
    policy = settings.policies["default"]
    assert (settings.stack_name, settings.key_ring_table, settings.revocation_table) == (
        "keyturn",
        "rings",
        "revocations",
    )
    assert settings.issuer_role_arn.endswith("/issuer")
    assert settings.rotator_role_arn.endswith("/rotator")
    assert (policy.algorithm, policy.access_token_lifetime, policy.max_token_lifetime) == ("RS256", 900, 3600)
    assert (policy.leeway, policy.ring_view, policy.verifier_cache, policy.jwks_max_age) == (10, 60, 7200, 300)
    assert (policy.publish_lead, policy.retention, policy.rotation_period) == (86_400, 86_401, 2_592_000)
    assert (policy.intent_timeout, policy.deletion_window_days, policy.max_published_keys) == (901, 30, 3)
    assert (policy.rsa_key_size, policy.rings) == (3072, 1)
    policy.check()


def test_each_algorithm_that_an_audience_needs_has_a_ring() -> None:
    """The rings in use are the default one and one for each algorithm that is named; the others are wound up."""
    settings = RotatorSettings.from_environment(ENVIRONMENT | {"AUDIENCE_ALGORITHMS": "a=ES256 b=ES256 c=Ed25519"})
    in_use = {name: policy.algorithm for name, policy in settings.policies.items() if policy.in_use}
    assert in_use == {"default": "RS256", "ES256": "ES256", "Ed25519": "Ed25519"}
    assert {policy.rings for policy in settings.policies.values()} == {3}
    assert list(settings.policies) == ["default", "RS256", "PS256", "ES256", "Ed25519"]


@pytest.mark.parametrize("text", ["ES256", "=ES256", "a=HS256", "a=ES256 a=PS256", "a=es256"])
def test_audience_algorithm_that_is_none_is_named(text: str) -> None:
    """The error names an entry that is not a pair of audience and algorithm."""
    with pytest.raises(SettingsError, match=r"^AUDIENCE_ALGORITHMS: "):
        RotatorSettings.from_environment(ENVIRONMENT | {"AUDIENCE_ALGORITHMS": text})


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_variable_is_named(name: str) -> None:
    """A variable that is missing or empty is named in the error."""
    for broken in ({key: ENVIRONMENT[key] for key in ENVIRONMENT if key != name}, ENVIRONMENT | {name: ""}):
        with pytest.raises(SettingsError, match=f"^{name} is not set$"):
            RotatorSettings.from_environment(broken)


@pytest.mark.parametrize("text", ["-1", "1.5", "ten", " 5", "١", "1" * 10, "0x10", "1_000"])
def test_number_that_is_none_is_named(text: str) -> None:
    """A duration that is not a plain whole number is named in the error."""
    with pytest.raises(SettingsError, match=r"^PUBLISH_LEAD_SECONDS is not a whole number"):
        RotatorSettings.from_environment(ENVIRONMENT | {"PUBLISH_LEAD_SECONDS": text})
