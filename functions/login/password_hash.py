"""Password hashes: Argon2id (RFC 9106), then a MAC by the key of the pepper."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.credentials.password_policy import normalise_password

if TYPE_CHECKING:
    from keyturn.user_ports import Pepper

# RFC 9106 §3.1 and §4: 128 bits of salt, 256 bits of tag.
SALT_BYTES = 16
_TAG_BYTES = 32
_PURPOSE = b"keyturn/password/1"


class PasswordHash:
    """Makes and compares stored passwords; each call computes one Argon2id hash and asks the pepper once."""

    def __init__(self, pepper: Pepper, parameters: Argon2Parameters, random: Callable[[int], bytes]) -> None:
        self._pepper = pepper
        self._parameters = parameters
        self._random = random

    def create(self, subject: str, password: str, *, changed_at: int, revision: int) -> PasswordCredential:
        """Return what to store of a password; raises the errors of the pepper."""
        credential = PasswordCredential(
            subject=subject,
            pepper_key=self._pepper.key,
            mac="",
            salt=self._random(SALT_BYTES).hex(),
            parameters=self._parameters,
            changed_at=changed_at,
            revision=revision,
        )
        return replace(credential, mac=self._mac(credential, password).hex())

    def verify(self, credential: PasswordCredential, password: str) -> bool:
        """Return whether this is the user's password, compared in constant time; raises the errors of the pepper."""
        return hmac.compare_digest(self._mac(credential, password), bytes.fromhex(credential.mac))

    def decoy(self, subject: str) -> PasswordCredential:
        """Return a credential that no password matches, at the present cost: an unknown user takes as long."""
        return PasswordCredential(
            subject=subject,
            pepper_key=self._pepper.key,
            mac="",
            salt=bytes(SALT_BYTES).hex(),
            parameters=self._parameters,
            changed_at=0,
        )

    def is_outdated(self, credential: PasswordCredential) -> bool:
        """Return whether the password is stored at a lower cost than today's, or under another pepper key.

        A stored cost that is higher stays, so that a lowered setting weakens no stored password.
        """
        cost = credential.parameters.memory * credential.parameters.iterations
        return cost < self._parameters.memory * self._parameters.iterations or (
            credential.pepper_key != self._pepper.key and credential.parameters == self._parameters
        )

    def _mac(self, credential: PasswordCredential, password: str) -> bytes:
        parameters = credential.parameters
        tag = Argon2id(
            salt=bytes.fromhex(credential.salt),
            length=_TAG_BYTES,
            iterations=parameters.iterations,
            lanes=parameters.lanes,
            memory_cost=parameters.memory,
        ).derive(normalise_password(password).encode("utf-8", "surrogatepass"))
        # The tag has a fixed length, so that purpose, subject and tag have one reading.
        return self._pepper.mac(credential.pepper_key, _PURPOSE + credential.subject.encode() + tag)
