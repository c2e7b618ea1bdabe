"""The end of a grant: its refresh tokens and its access tokens, by one revocation of its gid (R34, R39)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.grant import Grant
from keyturn.domain.revocation import Revocation, Target, TargetKind

if TYPE_CHECKING:
    from keyturn.ports import RevocationReader, RevocationWriter


class GrantEnd:
    """Ends grants, each once."""

    def __init__(self, reader: RevocationReader, writer: RevocationWriter, *, horizon: int) -> None:
        """Take the revocations, and how long any access token is accepted after it was issued, in seconds."""
        self._reader = reader
        self._writer = writer
        self._horizon = horizon

    def end(self, grant: Grant, *, reason: str, actor: str) -> None:
        """Revoke the grant, for as long as anything of it could be redeemed; raises what the ports raise.

        A grant that was ended already costs a read, so that whoever repeats a stolen token writes nothing.
        """
        target = Target(TargetKind.GRANT, grant.gid)
        if self._reader.find([target]):
            return
        last = grant.code.expires_at if grant.refresh is None else grant.refresh.expires_at
        self._writer.revoke(Revocation(target, expires_at=last + self._horizon), reason=reason, actor=actor)
