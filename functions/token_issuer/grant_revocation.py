"""The end of a grant: its refresh tokens and its access tokens, by one revocation of its gid (R34, R39)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.grants.grant import Grant
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind

if TYPE_CHECKING:
    from keyturn.ports import RevocationWriter

# Seconds. What was presented in time is answered a moment later, and by an access token that counts from then.
_ANSWER = 60


class GrantRevoker:
    """Ends grants."""

    def __init__(self, writer: RevocationWriter, *, horizon: int) -> None:
        """Take the revocations, and how long any access token is accepted after it was issued, in seconds."""
        self._writer = writer
        self._horizon = horizon

    def end(self, grant: Grant, *, reason: str, actor: str) -> None:
        """Revoke the grant, for as long as anything of it could be redeemed; raises what the port raises.

        Also one that was ended already: its writer may have died before any snapshot could learn of it (R47).
        """
        last = grant.code.expires_at if grant.refresh is None else grant.refresh.expires_at
        expires_at = last + _ANSWER + self._horizon + EXPIRY_MARGIN
        revocation = Revocation(Target(TargetKind.GRANT, grant.gid), expires_at=expires_at)
        self._writer.revoke(revocation, reason=reason, actor=actor)
