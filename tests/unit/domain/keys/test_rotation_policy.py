"""Durations that would drop live tokens are refused, and the rule is named."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.keys.rotation_policy import PolicyViolation
from tests.fakes.rotation_harness import rotation_policy

# Each: a change that just holds, one that just breaks, and what the message names.
RULES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "lead covers cache, max-age, view, skew and a write": (
        {"publish_lead": 975},
        {"publish_lead": 974},
        "VerifierCacheSeconds + JwksMaxAgeSeconds + RingViewSeconds + ClockSkewSeconds + 5: 974 is less than 975",
    ),
    "retention covers view, ceiling, skew and a write": (
        {"retention": 675},
        {"retention": 674},
        "at least RingViewSeconds + MaxTokenLifetimeSeconds + ClockSkewSeconds + 5: 674 is less than 675",
    ),
    "max-age is at most half of the lead": (
        {"jwks_max_age": 500, "verifier_cache": 0},
        {"jwks_max_age": 501, "verifier_cache": 0},
        "JwksMaxAgeSeconds must be at most half of PublishLeadSeconds",
    ),
    "period covers the retention": (
        {"rotation_period": 2000},
        {"rotation_period": 1999},
        "RotationPeriodSeconds must be at least PublishLeadSeconds and RetentionSeconds",
    ),
    "period covers the lead": (
        {"rotation_period": 2500, "publish_lead": 2500},
        {"rotation_period": 2499, "publish_lead": 2500},
        "RotationPeriodSeconds",
    ),
    "lifetime is at most the ceiling": (
        {"access_token_lifetime": 600},
        {"access_token_lifetime": 601},
        "AccessTokenLifetimeSeconds",
    ),
    "ceiling is at most an hour": (
        {"max_token_lifetime": 3600, "retention": 9000},
        {"max_token_lifetime": 3601, "retention": 9000},
        "MaxTokenLifetimeSeconds",
    ),
    "algorithm is one that a ring can hold": (
        {"algorithm": "Ed25519"},
        {"algorithm": "HS256"},
        "SigningAlgorithm must",
    ),
    "RSA keys have one of two sizes": (
        {"rsa_key_size": 3072},
        {"rsa_key_size": 4096},
        "RsaKeySize must be one of 2048",
    ),
    "all rings share ten keys": (
        {"rings": 3, "max_published_keys": 3},
        {"rings": 3, "max_published_keys": 4},
        "MaxPublishedKeys times the number of rings",
    ),
    "lifetime is positive": ({"access_token_lifetime": 1}, {"access_token_lifetime": 0}, "AccessTokenLifetimeSeconds"),
    "skew is not negative": ({"leeway": 0}, {"leeway": -1}, "ClockSkewSeconds"),
    "skew is at most a minute": (
        {"leeway": 60, "publish_lead": 2000},
        {"leeway": 61, "publish_lead": 2000},
        "ClockSkewSeconds",
    ),
    "view is not negative": ({"ring_view": 0}, {"ring_view": -1}, "RingViewSeconds"),
    "cache is not negative": ({"verifier_cache": 0}, {"verifier_cache": -1}, "VerifierCacheSeconds"),
    "max-age is positive": ({"jwks_max_age": 1}, {"jwks_max_age": 0}, "JwksMaxAgeSeconds"),
    "intent timeout is positive": ({"intent_timeout": 1}, {"intent_timeout": 0}, "IntentTimeoutSeconds"),
    "window is at least a week": ({"deletion_window_days": 7}, {"deletion_window_days": 6}, "DeletionWindowDays"),
    "window is at most thirty days": (
        {"deletion_window_days": 30},
        {"deletion_window_days": 31},
        "DeletionWindowDays must be at least 7 and at most 30, and is 31",
    ),
    "three keys at least": ({"max_published_keys": 3}, {"max_published_keys": 2}, "MaxPublishedKeys"),
    "ten keys at most": ({"max_published_keys": 10}, {"max_published_keys": 11}, "MaxPublishedKeys"),
}


@pytest.mark.parametrize("case", RULES)
def test_rule_holds_up_to_its_bound_and_is_named_beyond(case: str) -> None:
    """A policy at the bound passes, and one beyond it is refused with the rule's name (I1, I2, I9, I11)."""
    good, bad, message = RULES[case]
    rotation_policy(**good).check()
    with pytest.raises(PolicyViolation) as refusal:
        rotation_policy(**bad).check()
    assert message in str(refusal.value)


def test_every_broken_rule_is_named() -> None:
    """Two broken rules are both named, so that one deployment shows them all."""
    with pytest.raises(PolicyViolation, match=r"PublishLeadSeconds.*; .*DeletionWindowDays"):
        rotation_policy(publish_lead=900, deletion_window_days=1).check()


def test_defaults_of_the_template_hold_together() -> None:
    """The template's default durations satisfy every rule."""
    rotation_policy(
        algorithm="RS256",
        access_token_lifetime=900,
        max_token_lifetime=3600,
        verifier_cache=7200,
        publish_lead=86_400,
        retention=86_400,
        rotation_period=2_592_000,
    ).check()
