"""Passwords, links, known browsers, attempts and the pepper, in memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from keyturn.domain.credentials.link import Link
from keyturn.domain.credentials.password import PasswordCredential
from keyturn.domain.errors import KeyUnusable
from tests.fakes.memory_port import MemoryPort

_PROCESS_KEY = secrets.token_bytes(32)
PEPPER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/pepper"


class MemoryKnownBrowsers(MemoryPort):
    """Known browsers in memory; `stored` has the credential's revision and the end, by subject and device."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str], tuple[int, int]] = {}

    def knows(self, subject: str, device_hash: str, *, credential_revision: int, now: int) -> bool:
        """Return whether the browser is known since the user's present password."""
        with self.call("knows"):
            revision, expires_at = self.stored.get((subject, device_hash), (None, 0))
            return revision == credential_revision and expires_at > now

    def remember(self, subject: str, device_hash: str, *, credential_revision: int, expires_at: int) -> None:
        """Remember the browser for the user."""
        with self.call("remember"):
            self.stored[subject, device_hash] = credential_revision, expires_at

    def forget(self, subject: str) -> None:
        """Forget every browser of the user."""
        with self.call("forget"):
            for key in [key for key in self.stored if key[0] == subject]:
                del self.stored[key]


class MemoryAttempts(MemoryPort):
    """Attempts in memory; `taken` counts by bucket and start of the window, `failed` by subject."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[tuple[str, int], int] = {}
        self.failed: dict[str, int] = {}

    def take(self, bucket: str, *, limit: int, window: int, now: int) -> int:
        """Count one more; return 0 within the limit, else the seconds until the next window."""
        with self.call("take"):
            start = now - now % window
            taken = self.taken.get((bucket, start), 0)
            if taken >= limit:
                return start + window - now
            self.taken[bucket, start] = taken + 1
            return 0

    def fail(self, subject: str, *, now: int) -> int:
        """Count one more failure in a row, and return how many there are."""
        with self.call("fail"):
            self.failed[subject] = self.failed.get(subject, 0) + 1
            return self.failed[subject]

    def failures(self, subject: str) -> int:
        """Return the failures in a row."""
        with self.call("failures"):
            return self.failed.get(subject, 0)

    def forgive(self, subject: str) -> None:
        """Begin again at 0."""
        with self.call("forgive"):
            self.failed.pop(subject, None)


class MemoryPasswords(MemoryPort):
    """Passwords in memory; `stored` has the passwords by subject, `links` the links by the hash of the value."""

    def __init__(
        self, known_browsers: MemoryKnownBrowsers | None = None, attempts: MemoryAttempts | None = None
    ) -> None:
        super().__init__()
        self.stored: dict[str, PasswordCredential] = {}
        self.links: dict[str, Link] = {}
        self._known_browsers = MemoryKnownBrowsers() if known_browsers is None else known_browsers
        self._attempts = MemoryAttempts() if attempts is None else attempts

    def get(self, subject: str) -> PasswordCredential | None:
        """Return the stored password, or None."""
        with self.call("get"):
            return self.stored.get(subject)

    def rehash(self, credential: PasswordCredential, *, previous: PasswordCredential) -> bool:
        """Replace the stored password by the same one at a higher cost; return False if it changed."""
        with self.call("rehash"):
            if self.stored.get(credential.subject) not in (previous, credential):
                return False
            self.stored[credential.subject] = credential
            return True

    def add_link(self, link: Link) -> None:
        """Store a one-time link."""
        with self.call("add_link"):
            self.links[link.key_hash] = link

    def get_link(self, key_hash: str) -> Link | None:
        """Return the link, over or not, or None."""
        with self.call("get_link"):
            return self.links.get(key_hash)

    def erase(self, subject: str) -> None:
        """Delete password, known browsers and failures of the user."""
        with self.call("erase"):
            self.stored.pop(subject, None)
            self._attempts.failed.pop(subject, None)
            for key in [key for key in self._known_browsers.stored if key[0] == subject]:
                del self._known_browsers.stored[key]


class MemoryPepper(MemoryPort):
    """A Pepper with keys of this process; `unusable` has the ARNs of keys that are disabled or gone."""

    def __init__(self, key: str = PEPPER_KEY) -> None:
        super().__init__()
        self._key = key
        self.unusable: set[str] = set()

    @property
    def key(self) -> str:
        """The ARN of the key that new passwords use."""
        return self._key

    def mac(self, key: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of the message by the key of this ARN; raises KeyUnusable."""
        with self.call("mac"):
            if key in self.unusable:
                raise KeyUnusable("KMS GenerateMac: DisabledException")
            secret = hmac.digest(_PROCESS_KEY, key.encode(), hashlib.sha256)
            return hmac.digest(secret, message, hashlib.sha256)
