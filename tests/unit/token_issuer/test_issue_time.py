"""The issue time of a token: earlier revocation cutoffs do not apply to it, and later ones do (R49)."""

from __future__ import annotations

import math

import jwt
import pytest

from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.issuer_harness import TOKEN, IssuerHarness
from tests.fakes.token_factory import NOW


def issued_at(token: str) -> int:
    """Return the iat of a token."""
    value = jwt.decode(token, options={"verify_signature": False})["iat"]
    assert isinstance(value, int)
    return value


def cutoff(kind: TargetKind, identifier: str, not_before: int) -> Revocation:
    """Return a revocation with this cutoff."""
    return Revocation(Target.of(kind, identifier), not_before=not_before, expires_at=NOW + 10_000)


def test_early_end_of_the_present(issuer: IssuerHarness) -> None:
    """A token is issued at the early end of the present: a cutoff at the late end must apply to it."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.9, 1.5
    assert issued_at(issuer.issue()) == NOW


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [(TargetKind.CLIENT, "web"), (TargetKind.SUBJECT, "web"), (TargetKind.GLOBAL, "0")],
)
def test_after_every_cutoff(issuer: IssuerHarness, kind: TargetKind, identifier: str) -> None:
    """A token requested in the second of a cutoff is issued in the next second, and is valid at once (R49)."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.25, 1.5
    issuer.revocations.revoke(cutoff(kind, identifier, NOW + 1), reason="test", actor="test")
    token = issuer.issue()
    assert (issued_at(token), issuer.clock.seconds) == (NOW + 2, NOW + 2)
    assert issuer.is_active(token)


@pytest.mark.parametrize("second", [TargetKind.CLIENT, TargetKind.SUBJECT, TargetKind.GLOBAL])
@pytest.mark.parametrize("first", [TargetKind.CLIENT, TargetKind.SUBJECT, TargetKind.GLOBAL])
def test_a_cutoff_soon_after_another(issuer: IssuerHarness, first: TargetKind, second: TargetKind) -> None:
    """R49: the next cutoff applies to a token issued after a cutoff, however soon it comes and whatever its target."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.9, 1.3
    for kind in (first, second):
        token = issuer.issue()
        assert issuer.is_active(token)
        identifier = "0" if kind is TargetKind.GLOBAL else "web"
        late_end = math.floor(issuer.clock.now().latest)
        issuer.revocations.revoke(cutoff(kind, identifier, late_end), reason="test", actor="test")
        assert not issuer.is_active(token)


def test_past_cutoff_does_not_matter(issuer: IssuerHarness) -> None:
    """A past cutoff does not change a token's issue time."""
    issuer.revocations.revoke(cutoff(TargetKind.CLIENT, "web", NOW - 1), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW


def test_cutoff_in_the_future(issuer: IssuerHarness) -> None:
    """A cutoff further ahead than any correct clock gives 503 at once instead of a wait."""
    issuer.revocations.revoke(cutoff(TargetKind.CLIENT, "web", NOW + 10), reason="test", actor="test")
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert (issuer.signer.asked, issuer.clock.seconds) == ([], NOW)


def test_a_cutoff_at_the_end_of_the_wait(issuer: IssuerHarness) -> None:
    """The issuer waits for a cutoff at the late end of its writer's least certain present."""
    issuer.revocations.revoke(cutoff(TargetKind.CLIENT, "web", NOW + 4), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW + 5


def test_repeated_cutoffs(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated cutoffs during the wait lead to 503 instead of a request that hangs."""

    def revoke_again(seconds: float) -> None:
        issuer.clock.seconds += seconds
        again = cutoff(TargetKind.CLIENT, "web", math.floor(issuer.clock.seconds))
        issuer.revocations.revoke(again, reason="test", actor="test")

    monkeypatch.setattr(issuer.clock, "pause", revoke_again)
    revoke_again(0)
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert issuer.clock.seconds == NOW + 3
    assert issuer.signer.asked == []
