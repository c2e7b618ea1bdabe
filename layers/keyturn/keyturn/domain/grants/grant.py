"""A grant: what a user allowed a client, from the code to the last refresh token (RFC 6749 §1.3).

One item holds it, so that one conditional write decides every race. The item does not say whether the grant was ended:
that is a revocation of its gid, which both authorizer and issuer check. All times are service time in whole seconds.
"""

from __future__ import annotations

import enum
import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

CODE_LIFETIME = 60
# Seconds for which a client whose response was lost may repeat a rotation. A later use of the old token is a reuse.
GRACE = 30


class CodeBinding(NamedTuple):
    """The grant's code: its hash, and the values that it is bound to; `challenge` is None if none was sent."""

    code_hash: str
    redirect_uri: str
    challenge: str | None
    expires_at: int


class RefreshState(NamedTuple):
    """The grant's refresh tokens: the family's proof, the current token, and its derivation from the one before.

    An unused token expires at `idle_expires_at`. The whole family expires at `expires_at`, even if it is in use.
    """

    proof_hash: str
    current_hash: str
    idle_expires_at: int
    expires_at: int
    previous_hash: str | None = None
    successor_nonce: str | None = None
    rotated_at: int | None = None

    def is_over(self, now: int) -> bool:
        """Return whether all tokens of the family have expired."""
        return now >= min(self.idle_expires_at, self.expires_at)

    def may_repeat(self, secret_hash: str, now: int) -> bool:
        """Return whether the token is the one before the current one, and its grace has not ended."""
        return (
            self.previous_hash is not None
            and self.rotated_at is not None
            and hmac.compare_digest(self.previous_hash, secret_hash)
            and now - self.rotated_at <= GRACE
        )

    def is_of(self, asked: Rotation) -> bool:
        """Return whether this very request rotated the token: its nonce is random and unique."""
        return (self.previous_hash, self.successor_nonce) == (asked.secret_hash, asked.successor_nonce)


class Grant(NamedTuple):
    """A user's authorization of a client: tokens of `scope` for `audience`.

    `session_id` (sid), `auth_time`, `acr`, `amr` and `claims` describe the authentication, and `nonce` is its request's
    (OIDC Core §2). `redemption` names the request that redeemed the code, None before; `refresh` is None where the
    client gets no refresh token. `created_at` is later than all earlier cutoffs.
    """

    gid: str
    client_id: str
    subject: str
    audience: str
    scope: frozenset[str]
    created_at: int
    code: CodeBinding
    session_id: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    nonce: str | None = None
    claims: Mapping[str, Any] = {}
    redemption: str | None = None
    refresh: RefreshState | None = None


class Redemption(NamedTuple):
    """A client's use of a code: `attempt` is a random name of this request, and `refresh` the grant's next state.

    `challenge` is computed from the verifier, None where the client sent none.
    """

    gid: str
    code_hash: str
    client_id: str
    redirect_uri: str
    challenge: str | None
    attempt: str
    now: int
    refresh: RefreshState | None


class Rotation(NamedTuple):
    """A client's use of a refresh token, and the successor that it requests.

    `successor_hash` is empty until the successor has been derived; the checks of a rotation do not need it.
    """

    gid: str
    proof_hash: str
    secret_hash: str
    client_id: str
    successor_nonce: str
    idle_expires_at: int
    earliest: int
    latest: int
    successor_hash: str = ""


class GrantRefusal(enum.Enum):
    """The reasons to refuse a code or a refresh token."""

    UNKNOWN = "unknown"  # also: another client's, or bound to another redirect URI or challenge
    EXPIRED = "expired"
    REUSED = "reused"


class GrantRefused(Exception):
    """A code or a refresh token is refused; `grant` is set if its tokens must be revoked."""

    def __init__(self, why: GrantRefusal, grant: Grant | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.grant = grant


def check_redemption(stored: Grant | None, asked: Redemption) -> Grant:
    """Return the grant whose code this request may redeem, or has redeemed before; raises GrantRefused."""
    if stored is None or not _is_bound_to(stored, asked):
        raise GrantRefused(GrantRefusal.UNKNOWN)
    if stored.redemption not in (None, asked.attempt):
        raise GrantRefused(GrantRefusal.REUSED, stored)
    if stored.redemption is None and asked.now >= stored.code.expires_at:
        raise GrantRefused(GrantRefusal.EXPIRED)
    return stored


def refuse_redemption(stored: Grant | None, asked: Redemption) -> None:
    """Return if this very request redeemed the code in a write whose response was lost; raises GrantRefused.

    A redemption whose conditional write failed calls this with the stored grant.
    """
    if check_redemption(stored, asked).redemption is None:
        raise GrantRefused(GrantRefusal.UNKNOWN)


def _is_bound_to(stored: Grant, asked: Redemption) -> bool:
    # Require what a code thief lacks (the PKCE verifier): a thief must not be able to revoke the grant.
    pairs = (
        (stored.code.code_hash, asked.code_hash),
        (stored.client_id, asked.client_id),
        (stored.code.redirect_uri, asked.redirect_uri),
        # A verifier without a challenge is refused too: an attacker removed the challenge (RFC 9700 §4.8.2).
        (stored.code.challenge or "", asked.challenge or ""),
    )
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs]
    return all(matches)


def check_rotation(stored: Grant | None, asked: Rotation) -> Grant:
    """Return the grant whose refresh token may be used or whose rotation may be repeated; raises GrantRefused."""
    refresh = None if stored is None else stored.refresh
    if stored is None or refresh is None or stored.client_id != asked.client_id:
        raise GrantRefused(GrantRefusal.UNKNOWN)
    if not hmac.compare_digest(refresh.proof_hash, asked.proof_hash):
        raise GrantRefused(GrantRefusal.UNKNOWN)
    is_current = hmac.compare_digest(refresh.current_hash, asked.secret_hash)
    if not is_current and not refresh.may_repeat(asked.secret_hash, asked.latest):
        # An expired family is revoked as well: the thief who rotated the token may hold an access token.
        raise GrantRefused(GrantRefusal.REUSED, stored)
    if refresh.is_over(asked.latest):
        raise GrantRefused(GrantRefusal.EXPIRED)
    return stored


def refuse_rotation(stored: Grant | None, asked: Rotation) -> str:
    """Return the nonce of the successor that was issued before, if it may be issued again; raises GrantRefused.

    A rotation whose conditional write failed calls this with the stored grant.
    """
    if stored is not None and stored.refresh is not None and stored.refresh.is_of(asked):
        # This very request rotated the token in a write whose response was lost: it is neither a reuse nor late.
        return asked.successor_nonce
    refresh = check_rotation(stored, asked).refresh
    if refresh is None or refresh.successor_nonce is None or not refresh.may_repeat(asked.secret_hash, asked.latest):
        raise GrantRefused(GrantRefusal.UNKNOWN)
    return refresh.successor_nonce
