"""A stored password: Argon2id (RFC 9106), then a MAC by a KMS key that never leaves KMS (the pepper)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """The cost of one hash (RFC 9106 §3.1); `memory` in KiB."""

    memory: int = 47_104  # 46 MiB (OWASP Password Storage: m=46 MiB, t=1, p=1)
    iterations: int = 1
    lanes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCredential:
    """One stored password; `changed_at` is service time in whole seconds.

    `mac` is GenerateMac(`pepper_key`, "keyturn/password/1" || subject || Argon2id(password)) in hex. A stolen table
    cannot be attacked offline. One user's item is useless as another's.
    """

    subject: str
    pepper_key: str
    mac: str
    salt: str
    parameters: Argon2Parameters
    changed_at: int
    revision: int = 0
