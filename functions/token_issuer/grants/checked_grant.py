"""Reads a stored grant together with its revocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.grants.grant import Grant
from keyturn.issue_time import RevocationCheck
from token_issuer.revocation_check import RevocationChecks

if TYPE_CHECKING:
    from keyturn.ports import GrantStore


class CheckedGrant(NamedTuple):
    """A stored grant and its revocations."""

    grant: Grant
    check: RevocationCheck


class CheckedGrants:
    """Reads grants before the client is known."""

    def __init__(self, grants: GrantStore, checks: RevocationChecks) -> None:
        self._grants = grants
        self._checks = checks

    def read(self, gid: str) -> CheckedGrant | None:
        """Return the grant of this id, or None after the same reads: the duration must not show which it was."""
        grant = self._grants.get(gid)
        if grant is None:
            self._checks.read(subject=gid, client_id=gid, grant_id=gid, session_id=gid)
            return None
        check = self._checks.read(
            subject=grant.subject,
            client_id=grant.client_id,
            grant_id=grant.gid,
            session_id=grant.session_id,
            granted_at=grant.created_at,
        )
        return CheckedGrant(grant, check)
