"""The JWS Compact Serialization (RFC 7515 §7.1), read strictly: the parts of a token before verification."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from keyturn.domain.base64url import decode
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.strict_json import parse_object

if TYPE_CHECKING:
    from collections.abc import Callable, Set
    from typing import TypeGuard

# API Gateway passes 10,240 bytes of headers in all; the limit is checked before anything is parsed.
MAX_TOKEN_LENGTH = 8192

# These parameters contain a key (CVE-2018-0114), change how the token is read (b64, zip, enc, p2c), or require an
# extension (crit, RFC 7515 §4.1.11). Others are ignored, as RFC 7515 §4 requires.
REFUSED_PARAMETERS = frozenset(
    {"crit", "b64", "zip", "cty", "enc", "p2c", "p2s", "epk", "apu", "apv", "iv", "tag"}
    | {"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}
)
_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Header:
    """An unverified token's header; `token_type` in lower case without "application/", or "" (RFC 7515 §4.1.9)."""

    __slots__ = ("algorithm", "kid", "token_type")

    def __init__(self, algorithm: str, kid: str, token_type: str) -> None:
        self.algorithm = algorithm
        self.kid = kid
        self.token_type = token_type


class UnverifiedToken:
    """A token that has the compact form (RFC 7515 §7.1), before its signature is verified."""

    __slots__ = ("_data", "_payload", "_signature", "header")

    def __init__(self, raw: object, parse: Callable[[bytes], Header] | None = None) -> None:
        """Split the text and read its header, by `parse` in place of `parse_header` if given; raises TokenError."""
        if not isinstance(raw, str) or len(raw) > MAX_TOKEN_LENGTH:
            raise TokenError(TokenErrorReason.INVALID_TOKEN)
        data = raw.encode("ascii", "replace")  # "?" is outside of base64url: the segment that has it is refused
        segments = data.split(b".", 3)
        if len(segments) != 3:
            raise TokenError(TokenErrorReason.INVALID_TOKEN)
        self.header = (parse or parse_header)(segments[0])
        self._payload = segments[1]
        self._signature = segments[2]
        self._data = data

    @property
    def signing_input(self) -> bytes:
        """The bytes that the signature signs (RFC 7515 §5.1)."""
        return self._data[: -len(self._signature) - 1]

    def payload(self) -> bytes:
        """Return the payload's bytes; raises TokenError."""
        return _decode_segment(self._payload)

    def signature(self) -> bytes:
        """Return the signature's bytes; raises TokenError."""
        return _decode_segment(self._signature)


# One issuer has two or three live headers. The bound limits those of an attacker: 32 of at most 8 KiB, without errors.
@lru_cache(maxsize=32)
def parse_header(segment: bytes) -> Header:
    """Return the header of a JOSE header segment (RFC 7515 §4); raises TokenError."""
    return read_header(segment, REFUSED_PARAMETERS)


def read_header(segment: bytes, refused: Set[str], *, default_kid: str | None = None) -> Header:
    """Return the header of a segment; raises TokenError for a parameter of `refused`.

    `default_kid` stands for an absent kid; None requires a kid.
    """
    header = parse_object(_decode_segment(segment))
    if header is None:
        raise TokenError(TokenErrorReason.INVALID_HEADER)
    if not refused.isdisjoint(header):
        raise TokenError(TokenErrorReason.UNSUPPORTED_HEADER)
    if default_kid is not None:
        header.setdefault("kid", default_kid)
    algorithm, kid, token_type = header.get("alg"), header.get("kid"), header.get("typ", "")
    if not (isinstance(algorithm, str) and isinstance(token_type, str) and is_kid(kid)):
        raise TokenError(TokenErrorReason.INVALID_HEADER)
    return Header(algorithm, kid, token_type.lower().removeprefix("application/"))


def is_kid(value: object) -> TypeGuard[str]:
    """Return whether a value is an accepted key id: it is used in look-ups and log lines, never in a path."""
    return isinstance(value, str) and _KID.fullmatch(value) is not None


def _decode_segment(segment: bytes) -> bytes:
    decoded = decode(segment)
    if decoded is None:
        raise TokenError(TokenErrorReason.INVALID_TOKEN)
    return decoded
