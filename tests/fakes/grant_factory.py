"""Grants as tests need them: good ones, with changes."""

from __future__ import annotations

from typing import Any

from keyturn.domain.grants.grant import CodeBinding, Grant, Redemption, RefreshState, Rotation
from keyturn.domain.grants.grant_credentials import AuthorizationCode, RefreshToken, new_grant_id
from keyturn.domain.grants.pkce import challenge_of
from tests.fakes.token_factory import AUDIENCE, NOW

GID = new_grant_id(b"g" * 16)
CODE = AuthorizationCode(GID, b"c" * 32)
FIRST = RefreshToken(GID, b"p" * 32, b"s" * 32)
VERIFIER = "v" * 43
REDIRECT_URI = "https://app.example/callback"
SUBJECT = "u_0123456789abcdef0123456789abcdef"
IDLE, ABSOLUTE = 1000, 5000
NONCE = "6e" * 16


def make_grant(**changes: Any) -> Grant:
    """Return the grant of a code that was just given, with changes."""
    fields: dict[str, Any] = {
        "gid": GID,
        "client_id": "web",
        "subject": SUBJECT,
        "audience": AUDIENCE,
        "scope": frozenset({"openid", "orders:read", "orders:write"}),
        "created_at": NOW,
        "code": CodeBinding(
            code_hash=CODE.code_hash,
            redirect_uri=REDIRECT_URI,
            challenge=challenge_of(VERIFIER),
            expires_at=NOW + 60,
        ),
        "session_id": "s1",
        "auth_time": NOW - 5,
        "acr": "urn:keyturn:password",
        "amr": ("pwd",),
        "nonce": "n-1",
        "claims": {"tenant": "a", "groups": ["x"]},
    }
    return Grant(**(fields | changes))


def first_refresh(now: int = NOW) -> RefreshState:
    """Return the state of a family whose first token is FIRST."""
    return RefreshState(
        proof_hash=FIRST.proof_hash,
        current_hash=FIRST.secret_hash,
        idle_expires_at=now + IDLE,
        expires_at=now + ABSOLUTE,
    )


def redemption(**changes: Any) -> Redemption:
    """Return the right use of CODE, with changes."""
    fields: dict[str, Any] = {
        "gid": GID,
        "code_hash": CODE.code_hash,
        "client_id": "web",
        "redirect_uri": REDIRECT_URI,
        "challenge": challenge_of(VERIFIER),
        "attempt": "attempt-1",
        "now": NOW + 1,
        "refresh": first_refresh(),
    }
    return Redemption(**(fields | changes))


def rotation(token: RefreshToken = FIRST, *, at: int = NOW + 10, nonce: str = NONCE, **changes: Any) -> Rotation:
    """Return the right use of a refresh token at a time, with changes."""
    fields: dict[str, Any] = {
        "gid": token.gid,
        "proof_hash": token.proof_hash,
        "secret_hash": token.secret_hash,
        "client_id": "web",
        "successor_hash": token.successor(bytes.fromhex(nonce) * 2).secret_hash,
        "successor_nonce": nonce,
        "idle_expires_at": at + IDLE,
        "earliest": at,
        "latest": at,
    }
    return Rotation(**(fields | changes))
