"""What `keyturn revoke` is to write: which tokens that hits, and what is stored of it already."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

import typer

from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationReader
from keyturn.adapters.revocations.revocation_feed_item import stored_targets
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, EXPIRY_MARGIN, Revocation, Target, TargetKind
from keyturn.domain.revocations.revocation_expiry import revocation_expiry
from keyturn.jose import VerifiedAccessToken
from keyturn.jose.policy import MAX_LEEWAY
from keyturn_cli.deployment import TOKEN_HORIZON, Deployment
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
    """A revocation, and what it meets.

    `stored`: the revocation of the same target that is stored and still counts, or None; of global the weakest copy.
    """

    issuer: str
    revocation: Revocation
    stored: Revocation | None
    token: VerifiedAccessToken | None
    now: float

    @property
    def name(self) -> str:
        """The target as it is told: without the number of a copy of global."""
        target = self.revocation.target
        return target.kind.value if target.kind is TargetKind.GLOBAL else target.key

    @property
    def hits(self) -> str:
        """Which tokens it refuses, in words."""
        upto = self.revocation.not_before
        which = _HITS[self.revocation.target.kind]
        return which if upto is None else f"{which}, issued until {format_time(upto)}, that second included"

    @property
    def changes(self) -> bool:
        """Whether more is refused, or for longer, than what is stored refuses."""
        wanted, stored = self.revocation, self.stored
        return (
            stored is None
            or wanted.expires_at > stored.expires_at
            or (wanted.not_before or 0) > (stored.not_before or 0)
        )

    def fields(self) -> dict[str, Any]:
        """Return it for a program; times in seconds since the epoch."""
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
        """Return it for a person."""
        rows = {"issuer": self.issuer, "target": self.name, "hits": self.hits}
        if self.token is not None:
            left = floor(self.token.expires_at - self.now)
            rows |= {"client": self.token.client_id, "subject": self.token.subject}
            rows["expires"] = f"{format_time(self.token.expires_at)}, " + (f"in {left} s" if left > 0 else "just now")
        rows["remembered"] = f"until {format_time(self.revocation.expires_at)}"
        rows["stored"] = "no revocation of it" if self.stored is None else _told(self.stored)
        rows["changes"] = "yes" if self.changes else "nothing: what is stored hits as much"
        return rows


def _told(stored: Revocation) -> str:
    cut = "" if stored.not_before is None else f"issued until {format_time(stored.not_before)}, "
    return f"revoked already: {cut}remembered until {format_time(stored.expires_at)}"


def plan(deployment: Deployment, what: Aim) -> Plan:
    """Return what is to be written now; raises BadParameter for a time to come, and NothingToRevoke."""
    now = deployment.clock().now()
    # The late end of the present: no token that is in somebody's hand has a later iat.
    present = floor(now.latest)
    expires_at = revocation_expiry(what.target.kind, now=present, token_lifetime=TOKEN_HORIZON)
    if what.token is not None:
        expires_at = what.token.expires_at + MAX_LEEWAY + EXPIRY_MARGIN
    cut = None
    if what.target.kind in CUTOFF_KINDS:
        cut = present if what.before is None else what.before
        if cut > present:
            # The issuer mints after every cut: a time to come would stop it until then.
            raise typer.BadParameter("that time has not come yet", param_hint="--all-before")
        if cut + TOKEN_HORIZON <= now.earliest:
            raise NothingToRevoke(
                f"every token that was issued until {format_time(cut)} has expired: none lives longer than "
                f"{TOKEN_HORIZON} s"
            )
    stored = _stored(deployment, what.target, now.earliest)
    if stored is not None and cut is not None and cut <= (stored.not_before or 0):
        # The stored revocation came after all that the cutoff hits, and is remembered for as long as any of it lives.
        expires_at = stored.expires_at
    revocation = Revocation(what.target, expires_at=expires_at, not_before=cut)
    return Plan(issuer=deployment.issuer, revocation=revocation, stored=stored, token=what.token, now=now.earliest)


def _stored(deployment: Deployment, target: Target, now: float) -> Revocation | None:
    """Return what is stored of the target and still counts; of global what every copy has."""
    copies = stored_targets(target)
    reader = DynamoDbRevocationReader(deployment.dynamodb, deployment.revocation_table)
    # A copy of global without a cut holds the marks of compromised keys alone.
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
