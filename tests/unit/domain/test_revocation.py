"""Which tokens a revocation hits."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.revocation import (
    EXPIRY_MARGIN,
    GLOBAL_COPIES,
    Revocation,
    Target,
    TargetKind,
    earliest_iat,
    grant_targets,
    is_revoked,
    targets_of,
)
from keyturn.jose import VerifiedAccessToken
from tests.fakes.token_factory import good_claims

LATER = 2_000_000_000
NOW = 1_790_000_000


def make_token(**claims: Any) -> VerifiedAccessToken:
    """Return a token as the verifier returns it."""
    return VerifiedAccessToken(good_claims(**{"jti": "j", "sub": "u_1", "client_id": "c_1", "iat": 5} | claims), "k")


@pytest.mark.parametrize("kind", [TargetKind.TOKEN, TargetKind.GRANT, TargetKind.SESSION])
def test_a_token_a_grant_or_a_session_is_refused_whatever_its_iat(kind: TargetKind) -> None:
    """What was revoked by name stays revoked for tokens of any age."""
    revocation = Revocation(Target(kind, "x"), expires_at=LATER)
    assert revocation.hits(issued_at=0, kid="k", now=NOW)
    assert revocation.hits(issued_at=NOW + 5, kid="k", now=NOW)


@pytest.mark.parametrize("kind", [TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.GLOBAL])
def test_a_cut_refuses_up_to_its_second_and_no_further(kind: TargetKind) -> None:
    """A token with iat ≤ T is refused; one with iat = T + 1, of whoever signs in again right after, is not."""
    revocation = Revocation(Target(kind, "1"), expires_at=LATER, not_before=NOW)
    assert revocation.hits(issued_at=NOW - 1, kid="k", now=NOW)
    assert revocation.hits(issued_at=NOW, kid="k", now=NOW)
    assert not revocation.hits(issued_at=NOW + 1, kid="k", now=NOW)


def test_an_expired_revocation_hits_nothing() -> None:
    """Expiry is compared on every read: DynamoDB deletes days late, and early never."""
    revocation = Revocation(Target(TargetKind.TOKEN, "x"), expires_at=NOW)
    assert revocation.hits(issued_at=0, kid="k", now=NOW - 1)
    assert not revocation.hits(issued_at=0, kid="k", now=NOW)


def test_a_compromised_key_is_refused_by_any_copy_of_global_and_for_good() -> None:
    """The emergency reaches strict readers through global, without a cut and without an end (I8)."""
    revocation = Revocation(Target(TargetKind.GLOBAL, "3"), expires_at=NOW, compromised_kids=["bad"])
    assert revocation.hits(issued_at=NOW, kid="bad", now=NOW + 1)
    assert not revocation.hits(issued_at=NOW, kid="good", now=NOW - 1)


@pytest.mark.parametrize("kind", [TargetKind.SUBJECT, TargetKind.CLIENT])
def test_a_cut_without_its_time_is_refused(kind: TargetKind) -> None:
    """A revocation that would hit nothing is not stored as if it did."""
    with pytest.raises(ValueError, match="the time that it cuts at"):
        Revocation(Target(kind, "x"), expires_at=LATER)


def test_a_target_needs_an_identifier() -> None:
    """An empty identifier would name everybody without one."""
    with pytest.raises(ValueError, match="identifier"):
        Target(TargetKind.SUBJECT, "")


def test_every_claim_that_can_be_revoked_is_looked_up() -> None:
    """A token with all its claims asks for jti, sub, client, gid, sid and one copy of global."""
    targets = targets_of(make_token(gid="g", sid="s"))
    keys = [target.key for target in targets]
    assert sorted(keys[:-1]) == ["client#c_1", "gid#g", "jti#j", "sid#s", "sub#u_1"]
    assert keys[-1].startswith("global#")


def test_the_copies_of_global_share_the_load() -> None:
    """Tokens spread over every copy, and one token always reads the same."""
    copies = {targets_of(make_token(jti=f"{n:022x}"))[-1].key for n in range(1000)}
    assert copies == {f"global#{copy}" for copy in range(GLOBAL_COPIES)}
    assert targets_of(make_token()) == targets_of(make_token())


def test_one_hit_among_what_was_found_is_enough() -> None:
    """A token is revoked as soon as one of its targets' revocations hits it."""
    miss = Revocation(Target(TargetKind.CLIENT, "c_1"), expires_at=LATER, not_before=4)
    hit = Revocation(Target(TargetKind.SUBJECT, "u_1"), expires_at=LATER, not_before=5)
    assert is_revoked(make_token(), [miss, hit], NOW)
    assert not is_revoked(make_token(), [miss], NOW)
    assert not is_revoked(make_token(), [], NOW)


def test_a_new_token_is_issued_after_the_latest_cut() -> None:
    """The least iat is T + 1 of the latest of the client's, the subject's and everybody's cut."""
    found = [
        Revocation(target, expires_at=LATER, not_before=cut)
        for target, cut in zip(
            grant_targets(subject="s", client_id="c", grant_id=None, session_id=None), (5, 9, None), strict=True
        )
    ]
    assert earliest_iat(found) == 10
    assert earliest_iat([]) == 0


@pytest.mark.parametrize("behind", [0.0, 4.0, 300.0 + 1.0 + 4.0])
@pytest.mark.parametrize("kind", [*TargetKind])
def test_a_revocation_outlives_its_token_by_more_than_a_clock_can_be_behind(kind: TargetKind, behind: float) -> None:
    """R47: DynamoDB may delete an item at its end; no verifier that is behind still accepts the token then (R50)."""
    end = NOW + 900
    revocation = Revocation(Target(kind, "1"), expires_at=end + EXPIRY_MARGIN, not_before=NOW)
    deleted_at = revocation.expires_at
    assert deleted_at - behind > end + 60, "by then the token has ended, with the largest leeway"
    assert revocation.hits(issued_at=NOW, kid="k", now=deleted_at - 0.1)
    assert not revocation.hits(issued_at=NOW, kid="k", now=deleted_at)
