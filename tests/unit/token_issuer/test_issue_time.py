"""From when a token counts: no cut of the past refuses it, every cut of the future does (R49)."""

from __future__ import annotations

import math

import jwt
import pytest

from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.issuer_harness import TOKEN, IssuerHarness
from tests.fakes.token_factory import NOW


def issued_at(token: str) -> int:
    """Return the iat."""
    value = jwt.decode(token, options={"verify_signature": False})["iat"]
    assert isinstance(value, int)
    return value


def cut(kind: TargetKind, identifier: str, not_before: int) -> Revocation:
    """Return a revocation of everything issued until then."""
    return Revocation(Target(kind, identifier), not_before=not_before, expires_at=NOW + 10_000)


def test_early_end_of_the_present(issuer: IssuerHarness) -> None:
    """A token is issued at the early end of the present, so that a cut at its late end always hits it."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.9, 1.5
    assert issued_at(issuer.issue()) == NOW


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [(TargetKind.CLIENT, "web"), (TargetKind.SUBJECT, "web"), (TargetKind.GLOBAL, "0")],
)
def test_after_every_cut(issuer: IssuerHarness, kind: TargetKind, identifier: str) -> None:
    """A token asked for in the second of a cut is issued in the next one, and is good at once (R49)."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.25, 1.5
    issuer.revocations.revoke(cut(kind, identifier, NOW + 1), reason="test", actor="test")
    token = issuer.issue()
    assert (issued_at(token), issuer.clock.seconds) == (NOW + 2, NOW + 2)
    assert issuer.is_active(token)


@pytest.mark.parametrize("second", [TargetKind.CLIENT, TargetKind.SUBJECT, TargetKind.GLOBAL])
@pytest.mark.parametrize("first", [TargetKind.CLIENT, TargetKind.SUBJECT, TargetKind.GLOBAL])
def test_a_cut_soon_after_another(issuer: IssuerHarness, first: TargetKind, second: TargetKind) -> None:
    """R49: what was issued after a cut is hit by the very next one, however soon it comes and whatever it cuts."""
    issuer.clock.seconds, issuer.clock.spread = NOW + 0.9, 1.3
    for kind in (first, second):
        token = issuer.issue()
        assert issuer.is_active(token)
        identifier = "0" if kind is TargetKind.GLOBAL else "web"
        late_end = math.floor(issuer.clock.now().latest)
        issuer.revocations.revoke(cut(kind, identifier, late_end), reason="test", actor="test")
        assert not issuer.is_active(token)


def test_past_cut_does_not_matter(issuer: IssuerHarness) -> None:
    """A cut of the past does not move a token's time."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW - 1), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW


def test_cut_in_the_future(issuer: IssuerHarness) -> None:
    """A cut that lies further ahead than any clock of ours is waited for by nobody: 503, and at once."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW + 10), reason="test", actor="test")
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert (issuer.signer.asked, issuer.clock.seconds) == ([], NOW)


def test_a_cut_at_the_end_of_the_wait(issuer: IssuerHarness) -> None:
    """A cut of a writer who knows the time no better than it can be known is waited for."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW + 4), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW + 5


def test_cuts_without_end(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts that come faster than they can be waited for give no token, and no request that hangs: 503."""

    def cut_again(seconds: float) -> None:
        issuer.clock.seconds += seconds
        again = cut(TargetKind.CLIENT, "web", math.floor(issuer.clock.seconds))
        issuer.revocations.revoke(again, reason="test", actor="test")

    monkeypatch.setattr(issuer.clock, "pause", cut_again)
    cut_again(0)
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert issuer.clock.seconds == NOW + 3
    assert issuer.signer.asked == []
