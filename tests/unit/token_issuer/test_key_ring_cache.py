"""The issuer's view of the ring is never trusted past its age (I10, I11)."""

from __future__ import annotations

import pytest

from keyturn.domain.errors import ItemDamaged, KeyRingMissing, NoActiveKey, StoreUnavailable
from keyturn.domain.keys.key_ring import DEFAULT_RING
from tests.fakes.issuer_harness import JWKS, IssuerHarness
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import NOW

MAX_AGE = 60


def test_kept_for_half_of_its_age(issuer: IssuerHarness) -> None:
    """The ring is read once, and again from half of the acceptable age on."""
    reads = []
    for moment in (0, MAX_AGE / 2 - 1, MAX_AGE / 2):
        issuer.wall, issuer.monotonic = 5000.0 + moment, 100.0 + moment
        issuer.view.ring(DEFAULT_RING)
        reads.append(issuer.rings.reads)
    assert reads == [1, 1, 2]


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
def test_the_larger_elapsed_time_counts(issuer: IssuerHarness, clock: str) -> None:
    """A frozen monotonic clock does not keep a view young, nor does a wall clock that stands still (I10)."""
    issuer.view.ring(DEFAULT_RING)
    setattr(issuer, clock, getattr(issuer, clock) + MAX_AGE / 2 + 1)
    issuer.view.ring(DEFAULT_RING)
    assert issuer.rings.reads == 2


@pytest.mark.parametrize(("passed", "reads"), [(MAX_AGE / 2, 1), (MAX_AGE / 2 + 1, 2), (86_400, 2)])
def test_the_date_of_a_later_answer_counts(issuer: IssuerHarness, passed: float, reads: int) -> None:
    """Another answer's Date says how old the ring is where both clocks stand still (I10)."""
    issuer.date = NOW
    issuer.view.ring(DEFAULT_RING)
    issuer.date = NOW + int(passed)
    issuer.view.ring(DEFAULT_RING)
    issuer.view.ring(DEFAULT_RING)
    assert issuer.rings.reads == reads


def test_wall_clock_that_went_back(issuer: IssuerHarness) -> None:
    """A wall clock that went back makes a view too old for anything (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.wall -= 1
    issuer.rings.fault = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        issuer.view.ring(DEFAULT_RING)


def test_a_view_that_was_too_old_does_not_become_young(issuer: IssuerHarness) -> None:
    """A wall clock that went back and runs past the read again, by less than the age, gives no view back (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = StoreUnavailable("down")
    for moved in (-1, 2, 1):
        issuer.wall += moved
        with pytest.raises(StoreUnavailable):
            issuer.view.ring(DEFAULT_RING)
    assert issuer.view.jwks()["keys"]
    issuer.rings.fault = None
    assert issuer.view.ring(DEFAULT_RING)


def test_failed_read_within_the_age(issuer: IssuerHarness) -> None:
    """A store that is down for a moment stops nobody while the view is young enough."""
    first = issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = StoreUnavailable("down")
    issuer.wall += MAX_AGE - 1
    assert issuer.view.ring(DEFAULT_RING) is first


def test_view_that_is_too_old(issuer: IssuerHarness) -> None:
    """With a view older than acceptable nothing is signed (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = StoreUnavailable("down")
    issuer.wall += MAX_AGE
    with pytest.raises(StoreUnavailable, match="down"):
        issuer.view.ring(DEFAULT_RING)
    assert issuer.post("/oauth2/token", grant_type="client_credentials").status == 503
    assert issuer.signer.asked == []


@pytest.mark.parametrize("fault", [ItemDamaged("no version"), KeyRingMissing("no item")])
def test_damaged_ring(issuer: IssuerHarness, fault: Exception) -> None:
    """A ring that is damaged or gone stops signing at once: it is no outage that waiting mends (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = fault
    issuer.wall += MAX_AGE / 2 + 1
    with pytest.raises(type(fault)):
        issuer.view.ring(DEFAULT_RING)


def test_age_counts_from_before_the_read(issuer: IssuerHarness) -> None:
    """A read that took longer than a view may be old is no view (I10)."""

    def slow() -> None:
        issuer.monotonic += MAX_AGE + 1

    issuer.rings.before = slow
    with pytest.raises(StoreUnavailable):
        issuer.view.ring(DEFAULT_RING)


def test_stale_jwks(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The JWKS is stale rather than gone while the store is down or the item is damaged, and the log says so (I11)."""
    fresh = issuer.get(JWKS)
    issuer.wall += 100 * MAX_AGE
    for fault in (StoreUnavailable("down"), ItemDamaged("no version")):
        issuer.rings.fault = fault
        answer = issuer.get(JWKS)
        assert (answer.status, answer.body) == (200, fresh.body)
        assert "jwks_is_stale" in capsys.readouterr().out


def test_jwks_is_never_empty(issuer: IssuerHarness) -> None:
    """Without a view and without a published key the JWKS is 503, never an empty set to be cached (I11)."""
    issuer.rings.ring = ring_of().replace(keys=())
    with pytest.raises(NoActiveKey):
        issuer.view.jwks()
    answer = issuer.get(JWKS)
    assert answer.status == 503
    assert answer.headers["cache-control"] == "no-store"


def test_jwk_that_no_verifier_takes(issuer: IssuerHarness) -> None:
    """A ring with a JWK that a strict verifier refuses is damaged: neither signed with nor published."""
    ring = ring_of()
    weak = ring.keys[0].replace(jwk=ring.keys[0].jwk | {"d": "AQAB"})
    issuer.rings.ring = ring.with_key(weak)
    answer = issuer.get(JWKS)
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert issuer.post("/oauth2/token", grant_type="client_credentials").status == 500
    assert issuer.signer.asked == []
