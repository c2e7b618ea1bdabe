"""Revocations: their targets, and whether one refuses a token, a grant or a sign-in.

A revocation names a target instead of a token's text: one token has several valid texts, since ECDSA has two
valid signatures for each.
"""

from __future__ import annotations

import enum
from binascii import crc32
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class RevocableToken(Protocol):
        """The parts of a verified token that revocations are compared with."""

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


# Every request reads one of these copies: DynamoDB serves 3,000 strong reads a second from one partition.
GLOBAL_COPIES = 16
# D, in seconds: each read of the feed begins so long before the last one. A writer acknowledges a revocation only if
# its feed item became visible within half of it.
FEED_OVERLAP = 30
# Every writer stores a revocation for so many seconds after the last token that it refuses has expired. A verifier's
# clock may be behind by the skew. Without a newer Date it may also be behind by the largest revocation bound (300 s).
# It accepts the token for as much longer, and the revocation must still be stored then.
EXPIRY_MARGIN = 600


class TargetKind(enum.StrEnum):
    """The kinds of targets; the value is the prefix of a target's key."""

    TOKEN = "jti"
    GRANT = "gid"
    SESSION = "sid"
    SUBJECT = "sub"
    CLIENT = "client"
    PAIR = "pair"
    GLOBAL = "global"


CUTOFF_KINDS = frozenset({TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR, TargetKind.GLOBAL})


class Target(str):
    """One thing that can be revoked: `jti#…`, `gid#…`, `sid#…`, `sub#…`, `client#…`, a pair or a copy of `global`.

    The text is the partition key of its item. A pair is a subject at a client: `pair#<sub>#<client_id>`. The identifier
    of `global` is the number of the copy.
    """

    __slots__ = ()

    @classmethod
    def of(cls, kind: TargetKind, identifier: str) -> Target:
        """Return the target of this kind; raises ValueError for an empty identifier."""
        if not identifier:
            raise ValueError("a target has an identifier")
        return cls(f"{kind}#{identifier}")

    @property
    def key(self) -> str:
        """The partition key, as a plain string."""
        return str(self)

    @property
    def kind(self) -> TargetKind:
        """The kind, by the key's prefix."""
        return TargetKind(self.partition("#")[0])

    @property
    def identifier(self) -> str:
        """The key without the prefix."""
        return self.partition("#")[2]


class Revocation:
    """One stored revocation.

    `not_before` is the revocation cutoff T in whole seconds of service time. It is set for subjects, clients, pairs and
    `global`, whose tokens with iat ≤ T are refused. It is None for a token, a grant or a session, where every token is
    refused. At `expires_at`, in seconds, the last token that it refuses has expired. Only the copies of `global` have
    `compromised_kids`. Raises ValueError for a subject, client or pair without a cutoff: it would refuse no token.
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
        if target.kind in (TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR) and not_before is None:
            raise ValueError(f"a revocation of kind {target.kind} needs a cutoff: not_before")
        self.target = target
        self.expires_at = expires_at
        self.not_before = not_before
        self.compromised_kids = frozenset(compromised_kids)

    def hits(self, *, issued_at: int, kid: str, now: float) -> bool:
        """Return whether it refuses a token of its target, by iat and kid; expired items are ignored before TTL."""
        if kid in self.compromised_kids:
            return True
        if now >= self.expires_at:
            return False
        if self.target.kind in CUTOFF_KINDS:
            return self.not_before is not None and issued_at <= self.not_before
        return True


_COPIES_OF_GLOBAL = tuple(f"{TargetKind.GLOBAL}#{copy}" for copy in range(GLOBAL_COPIES))


def targets_of(token: RevocableToken) -> tuple[str, ...]:
    """Return the keys of the targets whose revocation refuses this token: three to six of its own, a copy of global.

    The jti determines the copy: the load spreads over all copies, and one token always reads the same.
    """
    subject, client_id = token.subject, token.client_id
    # Every request needs the keys of its token, whose identifiers are checked: a Target costs four times as much.
    targets = ["jti#" + token.jti, "sub#" + subject, "client#" + client_id]
    if subject != client_id:
        targets.append(f"pair#{subject}#{client_id}")
    if token.grant_id is not None:
        targets.append("gid#" + token.grant_id)
    if token.session_id is not None:
        targets.append("sid#" + token.session_id)
    targets.append(_COPIES_OF_GLOBAL[crc32(token.jti.encode()) % GLOBAL_COPIES])
    return tuple(targets)


def pair_target(subject: str, client_id: str) -> Target:
    """Return the target for a subject at a client; raises ValueError where both are the same (RFC 9068 §2.2).

    A client's own tokens name no user, hence their target is the client. A client id cannot contain `#`, so that the
    keys of two pairs differ.
    """
    if subject == client_id:
        raise ValueError("a client's own tokens belong to no pair")
    return Target.of(TargetKind.PAIR, subject + "#" + client_id)


def is_revoked(token: RevocableToken, found: Iterable[Revocation], now: float) -> bool:
    """Return whether one of the revocations of the token's targets refuses it; `now` in seconds."""
    return any(each.hits(issued_at=token.issued_at, kid=token.kid, now=now) for each in found)


def grant_targets(*, subject: str, client_id: str, grant_id: str | None, session_id: str | None) -> tuple[Target, ...]:
    """Return the targets whose revocation ends a grant or refuses its tokens, with the first copy of global."""
    targets = [
        Target.of(TargetKind.SUBJECT, subject),
        Target.of(TargetKind.CLIENT, client_id),
        Target.of(TargetKind.GLOBAL, "0"),
    ]
    if subject != client_id:
        targets.append(pair_target(subject, client_id))
    if grant_id is not None:
        targets.append(Target.of(TargetKind.GRANT, grant_id))
    if session_id is not None:
        targets.append(Target.of(TargetKind.SESSION, session_id))
    return tuple(targets)


def ends_grant(found: Iterable[Revocation], granted_at: int | None) -> bool:
    """Return whether a revocation of a grant's targets ends it: its own, its session's, or a cutoff after it.

    Expired revocations count too: a grant that was ended stays ended. `granted_at` is in seconds of service time, or
    None where there is no grant.
    """
    known = tuple(found)
    if any(each.target.kind in (TargetKind.GRANT, TargetKind.SESSION) for each in known):
        return True
    return granted_at is not None and granted_at < earliest_iat(known)


def ends_sign_in(found: Iterable[Revocation], *, auth_time: int, needs_consent: bool) -> bool:
    """Return whether the revocations of a user, a session and a client require a new sign-in before the next code.

    `auth_time` in whole seconds of service time. For a client that needs consent, a cutoff of the pair ends the consent
    (`Consent.covers`). For any other client it ends the sign-in.
    """
    counted = (each for each in found if not (needs_consent and each.target.kind is TargetKind.PAIR))
    return ends_grant(counted, auth_time)


def pair_cutoff(found: Iterable[Revocation]) -> int:
    """Return the latest cutoff of the subject at the client, or -1: the `revoked_at` of `Consent.covers`."""
    cutoffs = (each.not_before for each in found if each.target.kind is TargetKind.PAIR)
    return max((each for each in cutoffs if each is not None), default=-1)


def earliest_iat(revocations: Iterable[Revocation]) -> int:
    """Return the first iat after all cutoffs: T + 1 of the latest, or 0."""
    return max((found.not_before + 1 for found in revocations if found.not_before is not None), default=0)
