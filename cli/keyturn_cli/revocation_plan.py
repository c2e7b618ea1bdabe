"""The revocation that `keyturn revoke` writes, its tokens, and the stored revocation of the same target."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

import typer

from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.revocation_feed_item import stored_targets
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, EXPIRY_MARGIN, Revocation, Target, TargetKind
from keyturn.domain.revocations.revocation_expiry import revocation_expiry
from keyturn.jose import VerifiedAccessToken
from keyturn.jose.policy import MAX_LEEWAY
from keyturn_cli.deployment import LONGEST_TOKEN_LIFETIME, Deployment
from keyturn_cli.output import format_time
from keyturn_cli.revocation_aim import Aim, NothingToRevoke

_HITS = {
    TargetKind.TOKEN: "the one token with this jti",
    TargetKind.GRANT: "every token of this grant, refresh tokens too",
    TargetKind.SESSION: "every token of this session, refresh tokens too",
    TargetKind.SUBJECT: "every token about this subject, refresh tokens too",
    TargetKind.CLIENT: "every token of this client, refresh tokens too",
    TargetKind.PAIR: "every token about this subject that this client holds, refresh tokens too",
    TargetKind.GLOBAL: "every token of every client, about every subject, refresh tokens too",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A revocation, with the stored one of the same target.

    `stored` is None without an unexpired revocation; for a global revocation it is the weakest copy.
    """

    issuer: str
    revocation: Revocation
    stored: Revocation | None
    token: VerifiedAccessToken | None
    now: float

    @property
    def name(self) -> str:
        """The target as it is shown: a global one without the number of its copy."""
        target = self.revocation.target
        return target.kind.value if target.kind is TargetKind.GLOBAL else target.key

    @property
    def hits(self) -> str:
        """The tokens that it refuses, in words."""
        cutoff = self.revocation.not_before
        which = _HITS[self.revocation.target.kind]
        return which if cutoff is None else f"{which}, issued until {format_time(cutoff)}, that second included"

    @property
    def changes(self) -> bool:
        """Whether it refuses more tokens, or for longer, than the stored one."""
        wanted, stored = self.revocation, self.stored
        return (
            stored is None
            or wanted.expires_at > stored.expires_at
            or (wanted.not_before or 0) > (stored.not_before or 0)
        )

    def fields(self) -> dict[str, Any]:
        """Return the plan for a program; times in seconds since the epoch."""
        wanted, stored, token = self.revocation, self.stored, self.token
        return {
            "issuer": self.issuer,
            "target": self.name,
            "kind": wanted.target.kind.value,
            "not_before": wanted.not_before,
            "expires_at": wanted.expires_at,
            "stored": stored and {"not_before": stored.not_before, "expires_at": stored.expires_at},
            "changes": self.changes,
            "token": token and {"sub": token.subject, "client_id": token.client_id, "exp": token.expires_at},
        }

    def rows(self) -> dict[str, str]:
        """Return the plan for a person."""
        rows = {"issuer": self.issuer, "target": self.name, "hits": self.hits}
        if self.token is not None:
            left = floor(self.token.expires_at - self.now)
            rows |= {"client": self.token.client_id, "subject": self.token.subject}
            rows["expires"] = f"{format_time(self.token.expires_at)}, " + (f"in {left} s" if left > 0 else "just now")
        rows["remembered"] = f"until {format_time(self.revocation.expires_at)}"
        rows["stored"] = "no revocation of it" if self.stored is None else _describe(self.stored)
        rows["changes"] = "yes" if self.changes else "nothing: the stored revocation refuses the same tokens"
        return rows


def _describe(stored: Revocation) -> str:
    cutoff = "" if stored.not_before is None else f"issued until {format_time(stored.not_before)}, "
    return f"revoked already: {cutoff}remembered until {format_time(stored.expires_at)}"


def plan(deployment: Deployment, what: Aim) -> Plan:
    """Return the revocation to write now; raises BadParameter for a future time, and NothingToRevoke."""
    now = deployment.clock().now()
    # The latest possible present: no issued token has a later iat.
    present = floor(now.latest)
    expires_at = revocation_expiry(what.target.kind, now=present, token_lifetime=LONGEST_TOKEN_LIFETIME)
    if what.token is not None:
        expires_at = what.token.expires_at + MAX_LEEWAY + EXPIRY_MARGIN
    cutoff = None
    if what.target.kind in CUTOFF_KINDS:
        cutoff = present if what.before is None else what.before
        if cutoff > present:
            # The issuer gives each token an iat after the revocation cutoff: a future one would stop it until then.
            raise typer.BadParameter("that time is in the future", param_hint="--all-before")
        if cutoff + LONGEST_TOKEN_LIFETIME <= now.earliest:
            raise NothingToRevoke(
                f"every token issued until {format_time(cutoff)} has expired, since the longest token lifetime is "
                f"{LONGEST_TOKEN_LIFETIME} s"
            )
    stored = _stored(deployment, what.target, now.earliest)
    if stored is not None and cutoff is not None and cutoff <= (stored.not_before or 0):
        # The stored revocation is later than every token that the cutoff hits, and outlives all of them.
        expires_at = stored.expires_at
    revocation = Revocation(what.target, expires_at=expires_at, not_before=cutoff)
    return Plan(issuer=deployment.issuer, revocation=revocation, stored=stored, token=what.token, now=now.earliest)


def _stored(deployment: Deployment, target: Target, now: float) -> Revocation | None:
    """Return the unexpired revocation of the target; for a global one, the part that every copy has."""
    copies = stored_targets(target)
    reader = DynamoDbRevocationReader(deployment.dynamodb, deployment.revocation_table)
    # A global copy without a cutoff holds only the marks of compromised keys.
    found = [
        each
        for each in reader.find(copies)
        if each.expires_at > now and (each.not_before is not None or target.kind not in CUTOFF_KINDS)
    ]
    if len(found) < len(copies):
        return None
    return Revocation(
        target,
        expires_at=min(each.expires_at for each in found),
        not_before=min((each.not_before for each in found if each.not_before is not None), default=None),
    )
