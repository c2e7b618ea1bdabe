"""The durations of a key's life cycle, and the rules between them: a broken rule can invalidate live tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import MAX_JWKS_KEYS, SIGNING_ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TOKEN_LIFETIME = 3600
MAX_LEEWAY = 60
RSA_KEY_SIZES = (2048, 3072)
# W: the seconds from the time stamp of a ring write until it has taken effect. Its two attempts end earlier.
RING_WRITE_SECONDS = 5


class PolicyViolation(KeyturnError):
    """The configured durations break a rule: the message names the rule and the template's parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """The durations and limits of a rotation; durations are in seconds, the deletion window in days.

    `max_token_lifetime` is the longest lifetime that verifiers accept. `ring_view` is the greatest age of the ring
    cache that an issuer signs with. `verifier_cache` is the longest that any verifier keeps a JWKS beyond its max-age.
    `ring_write` is the longest time from the stamp of a change to its effect. `rsa_key_size` is in bits; `rings` is the
    number of rings in the JWKS. If `in_use` is False, the ring signs no tokens, and its keys leave the JWKS as their
    tokens expire.
    """

    algorithm: str
    access_token_lifetime: int
    max_token_lifetime: int
    leeway: int
    ring_view: int
    verifier_cache: int
    jwks_max_age: int
    publish_lead: int
    retention: int
    rotation_period: int
    intent_timeout: int = 900
    deletion_window_days: int = 30
    max_published_keys: int = 3
    rsa_key_size: int = 2048
    rings: int = 1
    in_use: bool = True
    ring_write: int = RING_WRITE_SECONDS

    def check(self) -> None:
        """Raise PolicyViolation that names every broken rule in the words of the template's parameters."""
        broken = list(self._broken_rules())
        if broken:
            raise PolicyViolation("; ".join(broken))

    def longest_use(self, lifetime: int) -> int:
        """Return the seconds from the stamp of a deactivation to the end of the key's last token, of this lifetime."""
        return self.ring_write + self.ring_view + lifetime + self.leeway

    def _broken_rules(self) -> Iterator[str]:
        # The issuer's JWKS may be RingViewSeconds old when a verifier fetches it, hence that term in the lead. Both
        # waits begin at the stamp of a change, and caches read the earlier ring until its write takes effect.
        lead = self.verifier_cache + self.jwks_max_age + self.ring_view + self.leeway + self.ring_write
        if self.publish_lead < lead:
            yield (
                "PublishLeadSeconds must be at least VerifierCacheSeconds + JwksMaxAgeSeconds + RingViewSeconds"
                f" + ClockSkewSeconds + {self.ring_write}: {self.publish_lead} is less than {lead}"
            )
        retention = self.longest_use(self.max_token_lifetime)
        if self.retention < retention:
            yield (
                "RetentionSeconds must be at least RingViewSeconds + MaxTokenLifetimeSeconds + ClockSkewSeconds"
                f" + {self.ring_write}: {self.retention} is less than {retention}"
            )
        if 2 * self.jwks_max_age > self.publish_lead:
            yield (
                "JwksMaxAgeSeconds must be at most half of PublishLeadSeconds:"
                f" {self.jwks_max_age} is more than half of {self.publish_lead}"
            )
        period = max(self.publish_lead, self.retention)
        if self.rotation_period < period:
            yield (
                "RotationPeriodSeconds must be at least PublishLeadSeconds and RetentionSeconds, so that three"
                f" published keys are enough: {self.rotation_period} is less than {period}"
            )
        if self.algorithm not in SIGNING_ALGORITHMS:
            yield f"SigningAlgorithm must be one of {', '.join(SIGNING_ALGORITHMS)}, and is {self.algorithm[:20]!r}"
        if self.rsa_key_size not in RSA_KEY_SIZES:
            yield f"RsaKeySize must be one of {RSA_KEY_SIZES[0]} and {RSA_KEY_SIZES[1]}, and is {self.rsa_key_size}"
        if self.rings * self.max_published_keys > MAX_JWKS_KEYS:
            yield (
                f"MaxPublishedKeys times the number of rings must be at most {MAX_JWKS_KEYS}, the limit of an"
                f" Application Load Balancer: {self.max_published_keys} times {self.rings} is more; each algorithm in"
                f" AudienceAlgorithms has a ring"
            )
        yield from self._broken_ranges()

    def _broken_ranges(self) -> Iterator[str]:
        for parameter, value, least, most in (
            ("AccessTokenLifetimeSeconds", self.access_token_lifetime, 1, self.max_token_lifetime),
            ("MaxTokenLifetimeSeconds", self.max_token_lifetime, 1, LONGEST_TOKEN_LIFETIME),
            ("ClockSkewSeconds", self.leeway, 0, MAX_LEEWAY),
            ("RingViewSeconds", self.ring_view, 0, None),
            ("VerifierCacheSeconds", self.verifier_cache, 0, None),
            ("JwksMaxAgeSeconds", self.jwks_max_age, 1, None),
            ("IntentTimeoutSeconds", self.intent_timeout, 1, None),
            ("DeletionWindowDays", self.deletion_window_days, 7, 30),
            ("MaxPublishedKeys", self.max_published_keys, 3, 10),
        ):
            if value < least or (most is not None and value > most):
                upper = "" if most is None else f" and at most {most}"
                yield f"{parameter} must be at least {least}{upper}, and is {value}"
