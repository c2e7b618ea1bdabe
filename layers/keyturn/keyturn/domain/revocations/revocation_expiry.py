"""The time until which a revocation is stored; DynamoDB removes its item afterwards.

The authorizer imports `revocation` alone, and does not need this module.
"""

from __future__ import annotations

from keyturn.domain.clients.client import MAX_REFRESH_LIFETIME
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, TargetKind


def revocation_expiry(kind: TargetKind, *, now: int, token_lifetime: int) -> int:
    """Return the `expires_at` of a revocation that is written at `now`; all times in whole seconds.

    `now` is the late end of the present. `token_lifetime` is the longest that any access token is accepted after its
    iat. Each kind apart from TOKEN also revokes refresh tokens: its item stays until the longest refresh token and the
    last access token have expired. If a session's revocation expired with the session, its refresh tokens would be
    valid again.
    """
    refresh = 0 if kind is TargetKind.TOKEN else MAX_REFRESH_LIFETIME
    return now + refresh + token_lifetime + EXPIRY_MARGIN
