"""KMS in memory, with real keys, as a KeyProvisioner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.errors import KeyUnusable
from tests.fakes.token_factory import SigningKey, signing_key


@dataclass(slots=True)
class MemoryKey:
    """One key: its state in KMS's words, the nonce of its tag, and whether its policy is the expected one."""

    key: SigningKey
    nonce: str
    state: str = "Enabled"
    policy_is_expected: bool = True
    deletion_days: int | None = None
    created_at: float = 0


class MemoryKms:
    """A KeyProvisioner without a key, or another client of the KMS `other`; `made` has every key by ARN.

    `now` is KMS's clock, in seconds since the epoch.
    """

    def __init__(self, other: MemoryKms | None = None, now: Callable[[], float] = wall_seconds) -> None:
        self.made: dict[str, MemoryKey] = {}
        self._now = now
        self._numbers = count()
        if other is not None:
            self.made, self._numbers = other.made, other._numbers

    def states(self) -> list[str]:
        """Return the states of all keys, in the order of their creation."""
        return [key.state for key in self.made.values()]

    def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
        """Make a key."""
        number = next(self._numbers)
        arn = f"arn:aws:kms:eu-central-1:123456789012:key/{number:08d}"
        # Keys are made once per process, since RSA keys take their time.
        key = signing_key(algorithm, f"kms-{number}", rsa_key_size=rsa_key_size)
        self.made[arn] = MemoryKey(key, nonce, created_at=self._now())
        return arn

    def public_key(self, arn: str) -> bytes:
        """Return the public key."""
        return self._enabled(arn).key.spki

    def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
        """Return the signature of an enabled key."""
        key = self._enabled(arn).key
        assert key.algorithm == algorithm
        return key.sign(signing_input)

    def find_by_nonce(self, nonce: str, *, since: int) -> tuple[str, ...]:
        """Return the keys whose tag has the nonce."""
        found = (arn for arn, key in self.made.items() if key.nonce == nonce and key.state != "PendingDeletion")
        return tuple(arn for arn in found if self.made[arn].created_at >= since)

    def can_sign(self, arn: str) -> bool:
        """Return whether the key is enabled."""
        return arn in self.made and self.made[arn].state == "Enabled"

    def repair_policy(self, arn: str) -> bool:
        """Restore the expected policy; return False if it is in place."""
        if self._known(arn).policy_is_expected:
            return False
        self.made[arn].policy_is_expected = True
        return True

    def disable(self, arn: str) -> None:
        """Disable the key."""
        if arn in self.made and self.made[arn].state == "Enabled":
            self.made[arn].state = "Disabled"

    def schedule_deletion(self, arn: str, window_days: int) -> None:
        """Schedule the deletion of the key."""
        if arn in self.made and self.made[arn].state != "PendingDeletion":
            self.made[arn].state = "PendingDeletion"
            self.made[arn].deletion_days = window_days

    def _known(self, arn: str) -> MemoryKey:
        if arn not in self.made:
            raise KeyUnusable("KMS: NotFoundException")
        return self.made[arn]

    def _enabled(self, arn: str) -> MemoryKey:
        key = self._known(arn)
        if key.state != "Enabled":
            raise KeyUnusable(f"KMS: {key.state}")
        return key
