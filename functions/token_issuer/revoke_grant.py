"""Revokes a grant: one revocation of its gid ends its refresh tokens and its access tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.grants.grant import Grant
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind

if TYPE_CHECKING:
    from keyturn.ports import RevocationWriter

# Seconds. The access token of a response is issued later than the code or refresh token is checked.
_EXCHANGE_MARGIN = 60


class GrantRevoker:
    """Revokes grants; `token_lifetime` is how long any access token is accepted after its issue, in seconds."""

    def __init__(self, writer: RevocationWriter, *, token_lifetime: int) -> None:
        self._writer = writer
        self._token_lifetime = token_lifetime

    def revoke(self, grant: Grant, *, reason: str, actor: str) -> None:
        """Revoke the grant until its last token has expired; raises what the port raises.

        A grant that was revoked before is revoked again: the first writer may have died before a snapshot could read
        its revocation.
        """
        last_use = grant.code.expires_at if grant.refresh is None else grant.refresh.expires_at
        expires_at = last_use + _EXCHANGE_MARGIN + self._token_lifetime + EXPIRY_MARGIN
        revocation = Revocation(Target.of(TargetKind.GRANT, grant.gid), expires_at=expires_at)
        self._writer.revoke(revocation, reason=reason, actor=actor)
