"""A user's consent for a client that is not the operator's own (OIDC Core §3.1.2.4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A user's permission for a client: `scope` at `resource`; `at` is service time in whole seconds."""

    subject: str
    client_id: str
    scope: frozenset[str]
    resource: str
    at: int

    def covers(self, *, scope: frozenset[str], resource: str, revoked_at: int) -> bool:
        """Return whether the consent is later than its last withdrawal and allows this much.

        `revoked_at` is the latest `not_before` of the revocations of this subject at this client, or -1.
        """
        return self.at > revoked_at and self.resource == resource and scope <= self.scope
