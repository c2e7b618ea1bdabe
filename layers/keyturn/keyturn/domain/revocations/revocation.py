"""Revocations: what they hit, whether one hits a token, and how long each has to be remembered.

A revocation names a target, never the spelling of a token: one token has many spellings (requirements, rule 1).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class RevocableToken(Protocol):
        """What a revocation can hit a verified token by."""

        @property
        def jti(self) -> str: ...
        @property
        def subject(self) -> str: ...
        @property
        def client_id(self) -> str: ...
        @property
        def grant_id(self) -> str | None: ...
        @property
        def session_id(self) -> str | None: ...
        @property
        def issued_at(self) -> int: ...
        @property
        def kid(self) -> str: ...


# What every request reads cannot live in one item: DynamoDB serves 3,000 strong reads a second from one partition.
GLOBAL_COPIES = 16
# D, in seconds: a snapshot reads its feed again from that long before its last read, and a writer acknowledges a
# revocation only if its feed item became visible within half of it.
FEED_OVERLAP = 30
# Every writer adds this to the end of what its revocation hits, in seconds. A verifier's clock may be behind by the
# skew, and by the largest revocation bound (300 s) where no newer Date has corrected it. It accepts the token for as
# much longer, and the revocation must still be stored then.
EXPIRY_MARGIN = 600


class TargetKind(enum.StrEnum):
    """What a revocation hits; the value is the prefix of its item's key."""

    TOKEN = "jti"
    GRANT = "gid"
    SESSION = "sid"
    SUBJECT = "sub"
    CLIENT = "client"
    PAIR = "pair"
    GLOBAL = "global"


CUT_KINDS = frozenset({TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR, TargetKind.GLOBAL})


class Target:
    """One thing that can be revoked: `jti#…`, `gid#…`, `sid#…`, `sub#…`, `client#…`, a pair or a copy of `global`.

    `key` is the partition key of its item. A pair is a subject at a client: `pair#<sub>#<client_id>`.
    """

    __slots__ = ("identifier", "key", "kind")

    def __init__(self, kind: TargetKind, identifier: str) -> None:
        """Take the kind and the identifier (for GLOBAL: the number of the copy)."""
        if not identifier:
            raise ValueError("a target has an identifier")
        self.kind = kind
        self.identifier = identifier
        # An enum in an f-string costs twice as much, and each request asks for every key of its token (P9).
        self.key = kind + "#" + identifier

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return isinstance(other, Target) and self.key == other.key

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Show the key."""
        return f"Target({self.key!r})"


class Revocation:
    """One stored revocation.

    `not_before` is T in whole seconds of service time: for subjects, clients, pairs and everything, tokens with iat ≤ T
    are refused; None for a token, a grant or a session, which are refused whatever their iat. `expires_at` in seconds:
    from then on nothing that it hits can be redeemed. `compromised_kids` only on the copies of global.
    """

    __slots__ = ("compromised_kids", "expires_at", "not_before", "target")

    def __init__(
        self,
        target: Target,
        *,
        expires_at: int,
        not_before: int | None = None,
        compromised_kids: Iterable[str] = (),
    ) -> None:
        """Refuse a cut without its time: it would hit nothing, and look as if it did."""
        if target.kind in (TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR) and not_before is None:
            raise ValueError(f"a revocation of kind {target.kind} needs the time that it cuts at")
        self.target = target
        self.expires_at = expires_at
        self.not_before = not_before
        self.compromised_kids = frozenset(compromised_kids)

    def hits(self, *, issued_at: int, kid: str, now: float) -> bool:
        """Tell whether it refuses a token of its target, by iat and kid; expiry is compared here, not left to TTL."""
        if kid in self.compromised_kids:
            return True
        if now >= self.expires_at:
            return False
        if self.target.kind in CUT_KINDS:
            return self.not_before is not None and issued_at <= self.not_before
        return True


_COPIES_OF_GLOBAL = tuple(Target(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES))


def targets_of(token: RevocableToken) -> tuple[Target, ...]:
    """Return every target whose revocation refuses this token: three to six of its own, and one copy of global.

    The copy follows from the jti, so that load spreads over all of them and one token always reads the same.
    """
    subject, client_id = token.subject, token.client_id
    targets = [
        Target(TargetKind.TOKEN, token.jti),
        Target(TargetKind.SUBJECT, subject),
        Target(TargetKind.CLIENT, client_id),
    ]
    if subject != client_id:
        targets.append(Target(TargetKind.PAIR, subject + "#" + client_id))
    if token.grant_id is not None:
        targets.append(Target(TargetKind.GRANT, token.grant_id))
    if token.session_id is not None:
        targets.append(Target(TargetKind.SESSION, token.session_id))
    targets.append(_COPIES_OF_GLOBAL[sum(token.jti.encode("utf-8", "surrogatepass")) % GLOBAL_COPIES])
    return tuple(targets)


def pair_target(subject: str, client_id: str) -> Target:
    """Return the target for a subject at a client; raises ValueError where both are the same (RFC 9068 §2.2).

    A client's tokens of its own name no user: their target is the client. No client id contains `#`, so that two pairs
    never share a key.
    """
    if subject == client_id:
        raise ValueError("a client's tokens of its own are of no pair")
    return Target(TargetKind.PAIR, subject + "#" + client_id)


def is_revoked(token: RevocableToken, found: Iterable[Revocation], now: float) -> bool:
    """Tell whether one of the revocations that were found for the token's targets refuses it; `now` in seconds."""
    return any(each.hits(issued_at=token.issued_at, kid=token.kid, now=now) for each in found)


def grant_targets(*, subject: str, client_id: str, grant_id: str | None, session_id: str | None) -> tuple[Target, ...]:
    """Return the targets whose revocation ends a grant, or hits what is issued of it; any copy of global will do."""
    targets = [
        Target(TargetKind.SUBJECT, subject),
        Target(TargetKind.CLIENT, client_id),
        Target(TargetKind.GLOBAL, "0"),
    ]
    if subject != client_id:
        targets.append(pair_target(subject, client_id))
    if grant_id is not None:
        targets.append(Target(TargetKind.GRANT, grant_id))
    if session_id is not None:
        targets.append(Target(TargetKind.SESSION, session_id))
    return tuple(targets)


def ends_grant(found: Iterable[Revocation], granted_at: int | None) -> bool:
    """Tell whether what was found for a grant's targets ends it: its own end, its session's, or a cut after it.

    Whether a revocation has expired does not matter: what was ended once does not begin again. `granted_at` in seconds
    of service time, None for what comes of no grant.
    """
    known = tuple(found)
    if any(each.target.kind in (TargetKind.GRANT, TargetKind.SESSION) for each in known):
        return True
    return granted_at is not None and granted_at < earliest_iat(known)


def ends_sign_in(found: Iterable[Revocation], *, auth_time: int, needs_consent: bool) -> bool:
    """Return whether the revocations of a user, a session and a client require a new sign-in before a code is given.

    `auth_time` in whole seconds of service time. A cutoff of the pair ends the consent of a client that needs one
    (`Consent.covers`), and the sign-in of any other client.
    """
    counted = (each for each in found if not (needs_consent and each.target.kind is TargetKind.PAIR))
    return ends_grant(counted, auth_time)


def pair_cutoff(found: Iterable[Revocation]) -> int:
    """Return the latest cutoff of the subject at the client, or -1: the `revoked_at` of `Consent.covers`."""
    cutoffs = (each.not_before for each in found if each.target.kind is TargetKind.PAIR)
    return max((each for each in cutoffs if each is not None), default=-1)


def earliest_iat(revocations: Iterable[Revocation]) -> int:
    """Return the first iat that no cut refuses: T + 1 of the latest, or 0."""
    return max((found.not_before + 1 for found in revocations if found.not_before is not None), default=0)
