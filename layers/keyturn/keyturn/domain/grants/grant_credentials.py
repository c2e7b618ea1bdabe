"""The credentials of a grant: its code and its refresh tokens; opaque to clients, and stored as hashes alone.

Both begin with the grant's id, so that one item is read for all of them. A refresh token has two secrets. All tokens of
its grant share the first: it proves that an old token was once current. The second is its own. The grant's id alone,
which resource servers know, cannot revoke the grant.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from keyturn.domain.base64url import decode, encode

_ID_BYTES = 16
_SECRET_BYTES = 32
_PURPOSE = b"keyturn refresh token"


class AuthorizationCode(NamedTuple):
    """A code (RFC 6749 §4.1.2): the grant's id and 256 random bits."""

    gid: str
    secret: bytes

    @property
    def value(self) -> str:
        """The text of the code."""
        return encode(_decode_id(self.gid) + self.secret)

    @property
    def code_hash(self) -> str:
        """The hash that is stored in place of the code."""
        return _hash(self.secret)


class RefreshToken(NamedTuple):
    """A refresh token (RFC 6749 §1.5): the grant's id, the family's secret (`proof`), and 256 bits of its own."""

    gid: str
    proof: bytes
    secret: bytes

    @property
    def value(self) -> str:
        """The text of the token."""
        return encode(_decode_id(self.gid) + self.proof + self.secret)

    @property
    def proof_hash(self) -> str:
        """The hash that is stored in place of the family's secret."""
        return _hash(self.proof)

    @property
    def secret_hash(self) -> str:
        """The hash that is stored in place of the token's own secret."""
        return _hash(self.secret)

    def successor_message(self, nonce: bytes) -> bytes:
        """Return the message of the MAC that `successor` takes; the key of that MAC is outside of the table."""
        return _PURPOSE + _decode_id(self.gid) + nonce

    def successor(self, mac: bytes) -> RefreshToken:
        """Return the next token; the same MAC gives the same token, which a client that lost the response gets again.

        It takes this token's secret and the MAC of a nonce. A reader of the table has neither. A thief of
        an old token lacks the MAC, also with the table.
        """
        return self._replace(secret=hmac.digest(self.secret, mac, "sha256"))


def new_grant_id(random: bytes) -> str:
    """Return the id of a new grant from 128 random bits."""
    if len(random) != _ID_BYTES:
        raise ValueError("a grant's id has 16 bytes")
    return encode(random)


def parse_code(value: str) -> AuthorizationCode | None:
    """Return the parts of a code, or None for any other value."""
    parts = _decode(value, _ID_BYTES + _SECRET_BYTES)
    return None if parts is None else AuthorizationCode(encode(parts[:_ID_BYTES]), parts[_ID_BYTES:])


def parse_refresh_token(value: str) -> RefreshToken | None:
    """Return the parts of a refresh token, or None for any other value, such as an access token."""
    parts = _decode(value, _ID_BYTES + 2 * _SECRET_BYTES)
    if parts is None:
        return None
    proof, secret = parts[_ID_BYTES:-_SECRET_BYTES], parts[-_SECRET_BYTES:]
    return RefreshToken(encode(parts[:_ID_BYTES]), proof, secret)


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _decode_id(gid: str) -> bytes:
    raw = _decode(gid, _ID_BYTES)
    if raw is None:
        raise ValueError("a grant's id is base64url of 16 bytes")
    return raw


def _decode(value: str, size: int) -> bytes | None:
    """Return the bytes of canonical base64url if it has this length, else None: each credential has one spelling."""
    raw = decode(value.encode("ascii", "replace"))  # "?" is outside of base64url
    return raw if raw is not None and len(raw) == size else None
