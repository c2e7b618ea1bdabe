"""AWS Signature Version 4 for the requests of AWS's JSON protocol: each is a POST to `/`."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials:
    """The keys that sign a request; `session_token` belongs to a role's temporary keys, as in Lambda, or is None."""

    __slots__ = ("access_key_id", "secret_access_key", "session_token")

    def __init__(self, access_key_id: str, secret_access_key: str, session_token: str | None) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token

    def __repr__(self) -> str:
        """Return a text without the keys: it may be logged."""
        return "Credentials(…)"


def sign(
    headers: Mapping[str, str], body: bytes, *, service: str, region: str, amz_date: str, credentials: Credentials
) -> dict[str, str]:
    """Return all headers of the signed request: the given ones, which include Host, and those of the signature.

    `amz_date` is the time of the request in UTC as `YYYYMMDDTHHMMSSZ`; AWS accepts it within five minutes.
    """
    signed = {**headers, "X-Amz-Date": amz_date}
    if credentials.session_token is not None:
        signed["X-Amz-Security-Token"] = credentials.session_token
    # Folded spaces and lower-case names give a header one spelling (SigV4, "canonical headers").
    canonical = sorted((name.lower(), " ".join(value.split())) for name, value in signed.items())
    names = ";".join(name for name, _ in canonical)
    lines = "".join(f"{name}:{value}\n" for name, value in canonical)
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{amz_date[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{_ALGORITHM}\n{amz_date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = _hmac(_signing_key(credentials.secret_access_key, scope), to_sign).hex()
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def _signing_key(secret_access_key: str, scope: str) -> bytes:
    key = b"AWS4" + secret_access_key.encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")
