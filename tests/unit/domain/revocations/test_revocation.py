"""Which tokens a revocation hits."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.revocations.revocation import (
    CUTOFF_KINDS,
    EXPIRY_MARGIN,
    GLOBAL_COPIES,
    Revocation,
    Target,
    TargetKind,
    earliest_iat,
    ends_grant,
    ends_sign_in,
    grant_targets,
    is_revoked,
    pair_cutoff,
    pair_target,
    targets_of,
)
from keyturn.domain.users.consent import Consent
from keyturn.jose import VerifiedAccessToken
from tests.fakes.token_factory import good_claims

LATER = 2_000_000_000
NOW = 1_790_000_000


def make_token(**claims: Any) -> VerifiedAccessToken:
    """Return a token as the verifier returns it."""
    return VerifiedAccessToken(good_claims(**{"jti": "j", "sub": "u_1", "client_id": "c_1", "iat": 5} | claims), "k")


@pytest.mark.parametrize("kind", [TargetKind.TOKEN, TargetKind.GRANT, TargetKind.SESSION])
def test_a_token_a_grant_or_a_session_is_refused_whatever_its_iat(kind: TargetKind) -> None:
    """A revocation by id refuses tokens of any age."""
    revocation = Revocation(Target.of(kind, "x"), expires_at=LATER)
    assert revocation.hits(issued_at=0, kid="k", now=NOW)
    assert revocation.hits(issued_at=NOW + 5, kid="k", now=NOW)


@pytest.mark.parametrize("kind", sorted(CUTOFF_KINDS))
def test_a_cut_refuses_up_to_its_second_and_no_further(kind: TargetKind) -> None:
    """A token with iat ≤ T is refused; one with iat = T + 1, of a new sign-in right after, is accepted."""
    revocation = Revocation(Target.of(kind, "1"), expires_at=LATER, not_before=NOW)
    assert revocation.hits(issued_at=NOW - 1, kid="k", now=NOW)
    assert revocation.hits(issued_at=NOW, kid="k", now=NOW)
    assert not revocation.hits(issued_at=NOW + 1, kid="k", now=NOW)


def test_an_expired_revocation_hits_nothing() -> None:
    """Expiry is compared on every read: DynamoDB deletes days late, and early never."""
    revocation = Revocation(Target.of(TargetKind.TOKEN, "x"), expires_at=NOW)
    assert revocation.hits(issued_at=0, kid="k", now=NOW - 1)
    assert not revocation.hits(issued_at=0, kid="k", now=NOW)


def test_a_compromised_key_is_refused_by_any_copy_of_global_and_for_good() -> None:
    """The emergency reaches strict readers through global, without a cutoff and without an end (I8)."""
    revocation = Revocation(Target.of(TargetKind.GLOBAL, "3"), expires_at=NOW, compromised_kids=["bad"])
    assert revocation.hits(issued_at=NOW, kid="bad", now=NOW + 1)
    assert not revocation.hits(issued_at=NOW, kid="good", now=NOW - 1)


@pytest.mark.parametrize("kind", [TargetKind.SUBJECT, TargetKind.CLIENT, TargetKind.PAIR])
def test_a_cut_without_its_time_is_refused(kind: TargetKind) -> None:
    """A revocation that would refuse no token raises."""
    with pytest.raises(ValueError, match="needs a cutoff"):
        Revocation(Target.of(kind, "x"), expires_at=LATER)


def test_a_target_needs_an_identifier() -> None:
    """An empty identifier would name everybody without one."""
    with pytest.raises(ValueError, match=r"^a target has an identifier$"):
        Target.of(TargetKind.SUBJECT, "")


def test_every_claim_that_can_be_revoked_is_looked_up() -> None:
    """A token with all its claims asks for jti, sub, client, both together, gid, sid and one copy of global."""
    targets = targets_of(make_token(gid="g", sid="s"))
    assert sorted(targets[:-1]) == ["client#c_1", "gid#g", "jti#j", "pair#u_1#c_1", "sid#s", "sub#u_1"]
    assert targets[-1].startswith("global#")


def test_a_clients_own_token_is_of_no_pair() -> None:
    """A token whose subject is its client asks for jti, sub, client and one copy of global: no key more."""
    own = make_token(sub="c_1")
    assert [Target(target).kind.value for target in targets_of(own)] == ["jti", "sub", "client", "global"]
    grant = grant_targets(subject="c_1", client_id="c_1", grant_id=None, session_id=None)
    assert TargetKind.PAIR not in {target.kind for target in grant}
    with pytest.raises(ValueError, match=r"^a client's own tokens belong to no pair$"):
        pair_target("c_1", "c_1")


@pytest.mark.parametrize(
    ("claims", "refused"),
    [({}, True), ({"client_id": "c_2"}, False), ({"sub": "u_2"}, False), ({"iat": NOW + 1}, False)],
)
def test_a_subject_at_a_client_is_refused_there_alone(claims: dict[str, Any], refused: bool) -> None:
    """The user's tokens at other clients, other users' tokens at this client, and later tokens of the pair are good."""
    revocation = Revocation(pair_target("u_1", "c_1"), expires_at=LATER, not_before=NOW)
    token = make_token(**({"iat": NOW} | claims))
    found = [revocation] if revocation.target in targets_of(token) else []
    assert is_revoked(token, found, NOW) is refused


@pytest.mark.parametrize(("granted_at", "ended"), [(NOW, True), (NOW + 1, False), (None, False)])
def test_a_subject_at_a_client_ends_the_grants_of_before(granted_at: int | None, ended: bool) -> None:
    """A grant of the pair ends up to the cutoff, that second included; none is looked for in another pair."""
    target = pair_target("u_1", "c_1")
    assert target in grant_targets(subject="u_1", client_id="c_1", grant_id="g", session_id="s")
    assert target not in grant_targets(subject="u_1", client_id="c_2", grant_id="g", session_id="s")
    found = [Revocation(target, expires_at=LATER, not_before=NOW)]
    assert ends_grant(found, granted_at) is ended
    assert earliest_iat(found) == NOW + 1


@pytest.mark.parametrize("auth_time", [NOW, NOW + 1])
@pytest.mark.parametrize("kind", [kind for kind in TargetKind if kind is not TargetKind.TOKEN])
def test_a_cutoff_of_the_pair_ends_a_sign_in_only_without_consent(kind: TargetKind, auth_time: int) -> None:
    """Any other revocation asks for a new sign-in; the cutoff of the pair ends the consent where one is needed."""
    found = [Revocation(Target.of(kind, "x"), expires_at=LATER, not_before=NOW if kind in CUTOFF_KINDS else None)]
    ended = auth_time == NOW or kind not in CUTOFF_KINDS
    assert ends_sign_in(found, auth_time=auth_time, needs_consent=False) is ended
    assert ends_sign_in(found, auth_time=auth_time, needs_consent=True) is (ended and kind is not TargetKind.PAIR)


@pytest.mark.parametrize(("at", "covered"), [(NOW, False), (NOW + 1, True)])
def test_a_consent_counts_again_after_its_withdrawal(at: int, covered: bool) -> None:
    """A consent of the second of the cutoff is withdrawn, one of the next second counts; other cutoffs are not its."""
    pair = pair_target("u_1", "c_1")
    others = [
        Revocation(Target.of(kind, "x"), expires_at=LATER, not_before=NOW + 9) for kind in CUTOFF_KINDS - {pair.kind}
    ]
    found = [*others, *(Revocation(pair, expires_at=LATER, not_before=cutoff) for cutoff in (NOW, NOW - 5))]
    scope = frozenset({"a"})
    consent = Consent(subject="u_1", client_id="c_1", scope=scope, resource="r", at=at)
    assert consent.covers(scope=scope, resource="r", revoked_at=pair_cutoff(found)) is covered
    assert pair_cutoff(others) == -1


def test_the_copies_of_global_share_the_load() -> None:
    """Tokens spread over every copy, and one token always reads the same."""
    copies = {targets_of(make_token(jti=f"{n:022x}"))[-1] for n in range(1000)}
    assert copies == {f"global#{copy}" for copy in range(GLOBAL_COPIES)}
    assert targets_of(make_token()) == targets_of(make_token())


def test_one_hit_among_what_was_found_is_enough() -> None:
    """A token is revoked as soon as one of its targets' revocations hits it."""
    miss = Revocation(Target.of(TargetKind.CLIENT, "c_1"), expires_at=LATER, not_before=4)
    hit = Revocation(Target.of(TargetKind.SUBJECT, "u_1"), expires_at=LATER, not_before=5)
    assert is_revoked(make_token(), [miss, hit], NOW)
    assert not is_revoked(make_token(), [miss], NOW)
    assert not is_revoked(make_token(), [], NOW)


def test_a_new_token_is_issued_after_the_latest_cut() -> None:
    """The least iat is T + 1 of the latest of the client's, the subject's and everybody's cut."""
    found = [
        Revocation(target, expires_at=LATER, not_before=cut)
        for target, cut in zip(
            grant_targets(subject="s", client_id="c", grant_id=None, session_id=None), (5, 9, None, 7), strict=True
        )
    ]
    assert earliest_iat(found) == 10
    assert earliest_iat([]) == 0


@pytest.mark.parametrize("behind", [0.0, 4.0, 300.0 + 1.0 + 4.0])
@pytest.mark.parametrize("kind", [*TargetKind])
def test_a_revocation_outlives_its_token_by_more_than_a_clock_can_be_behind(kind: TargetKind, behind: float) -> None:
    """R47: DynamoDB may delete an item at its end; no verifier that is behind still accepts the token then (R50)."""
    end = NOW + 900
    revocation = Revocation(Target.of(kind, "1"), expires_at=end + EXPIRY_MARGIN, not_before=NOW)
    deleted_at = revocation.expires_at
    assert deleted_at - behind > end + 60, "by then the token has ended, with the largest leeway"
    assert revocation.hits(issued_at=NOW, kid="k", now=deleted_at - 0.1)
    assert not revocation.hits(issued_at=NOW, kid="k", now=deleted_at)


def test_the_text_of_a_target_is_the_key_of_its_item() -> None:
    """A target is compared, sorted and shown as the key of its item, and has its kind and identifier."""
    pair = pair_target("u_1", "c_1")
    assert (pair, pair.key, type(pair.key)) == ("pair#u_1#c_1", "pair#u_1#c_1", str)
    assert (pair.kind, pair.identifier) == (TargetKind.PAIR, "u_1#c_1")


@pytest.mark.parametrize(("kid", "refused"), [("k", True), ("other", False)])
def test_a_token_of_a_compromised_key_is_revoked(kid: str, refused: bool) -> None:
    """I8: an emergency revokes the tokens of its key by their kid, whatever their other claims and however late."""
    emergency = Revocation(Target.of(TargetKind.GLOBAL, "3"), expires_at=NOW, compromised_kids=[kid])
    assert is_revoked(make_token(), [emergency], NOW + 1) is refused


def test_a_grant_has_the_targets_of_all_that_it_belongs_to() -> None:
    """A grant ends by its client, user, both together, itself, its session, or an emergency."""
    found = grant_targets(subject="u_1", client_id="c_1", grant_id="g", session_id="s")
    assert {target.key for target in found} == {"sub#u_1", "client#c_1", "pair#u_1#c_1", "gid#g", "sid#s", "global#0"}
    bare = grant_targets(subject="u_1", client_id="c_1", grant_id=None, session_id=None)
    assert {target.key for target in bare} == {"sub#u_1", "client#c_1", "pair#u_1#c_1", "global#0"}
