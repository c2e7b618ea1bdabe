"""The key rings in the issuer's cache are never used past their age (I10, I11)."""

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
    """Neither a frozen monotonic clock nor a wall clock that stands still keeps the rings young (I10)."""
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
    """A wall clock that went back makes the rings too old to sign (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.wall -= 1
    issuer.rings.fault = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        issuer.view.ring(DEFAULT_RING)


def test_rings_that_were_too_old_stay_refused(issuer: IssuerHarness) -> None:
    """Rings that were too old stay refused when a wall clock that went back passes the read again (I10)."""
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
    """A store that is down for a short time stops no request while the rings are young enough."""
    first = issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = StoreUnavailable("down")
    issuer.wall += MAX_AGE - 1
    assert issuer.view.ring(DEFAULT_RING) is first


def test_rings_that_are_too_old(issuer: IssuerHarness) -> None:
    """Rings at their largest age sign nothing (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = StoreUnavailable("down")
    issuer.wall += MAX_AGE
    with pytest.raises(StoreUnavailable, match="down"):
        issuer.view.ring(DEFAULT_RING)
    assert issuer.post("/oauth2/token", grant_type="client_credentials").status == 503
    assert issuer.signer.asked == []


@pytest.mark.parametrize("fault", [ItemDamaged("no version"), KeyRingMissing("no item")])
def test_damaged_ring(issuer: IssuerHarness, fault: Exception) -> None:
    """A ring that is damaged or gone stops signing at once: waiting does not repair it (I10)."""
    issuer.view.ring(DEFAULT_RING)
    issuer.rings.fault = fault
    issuer.wall += MAX_AGE / 2 + 1
    with pytest.raises(type(fault)):
        issuer.view.ring(DEFAULT_RING)


def test_age_counts_from_before_the_read(issuer: IssuerHarness) -> None:
    """Rings whose read took longer than their largest age are refused (I10)."""

    def slow() -> None:
        issuer.monotonic += MAX_AGE + 1

    issuer.rings.before = slow
    with pytest.raises(StoreUnavailable):
        issuer.view.ring(DEFAULT_RING)


def test_stale_jwks(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The JWKS is stale rather than missing while the store is down or the item damaged; the log says so (I11)."""
    fresh = issuer.get(JWKS)
    issuer.wall += 100 * MAX_AGE
    for fault in (StoreUnavailable("down"), ItemDamaged("no version")):
        issuer.rings.fault = fault
        answer = issuer.get(JWKS)
        assert (answer.status, answer.body) == (200, fresh.body)
        assert "jwks_is_stale" in capsys.readouterr().out


def test_jwks_is_never_empty(issuer: IssuerHarness) -> None:
    """Without a published key the JWKS is 503: caches would keep an empty set (I11)."""
    issuer.rings.ring = ring_of().replace(keys=())
    with pytest.raises(NoActiveKey):
        issuer.view.jwks()
    answer = issuer.get(JWKS)
    assert answer.status == 503
    assert answer.headers["cache-control"] == "no-store"


def test_jwk_that_no_verifier_takes(issuer: IssuerHarness) -> None:
    """A ring with a JWK that a strict verifier refuses is damaged: it neither signs nor is published."""
    ring = ring_of()
    weak = ring.keys[0].replace(jwk=ring.keys[0].jwk | {"d": "AQAB"})
    issuer.rings.ring = ring.with_key(weak)
    answer = issuer.get(JWKS)
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert issuer.post("/oauth2/token", grant_type="client_credentials").status == 500
    assert issuer.signer.asked == []
