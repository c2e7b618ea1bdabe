"""Says how long a revocation is stored: DynamoDB removes its item afterwards, and forgets that anything was revoked.

Apart from `revocation`, which the authorizer imports to read.
"""

from __future__ import annotations

from keyturn.domain.clients.client import MAX_REFRESH_LIFETIME
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, TargetKind


def revocation_expiry(kind: TargetKind, *, now: int, token_horizon: int) -> int:
    """Return the `expires_at` of a revocation that is written at `now`; all times in whole seconds.

    `now` is the late end of the present. `token_horizon` is how long any access token is accepted after its iat. Each
    kind apart from TOKEN also ends refresh tokens: its item stays until the longest of them and the last access token
    have ended. A session whose item went with the session would let its refresh tokens work again.
    """
    refresh = 0 if kind is TargetKind.TOKEN else MAX_REFRESH_LIFETIME
    return now + refresh + token_horizon + EXPIRY_MARGIN
