"""From when a token counts: no cut of the past refuses it, every cut of the future does (R49)."""

from __future__ import annotations

import jwt
import pytest

from keyturn.domain.revocation import Revocation, Target, TargetKind
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
    """A token issued in the second of a cut counts from the next one, and is good at once (R49)."""
    issuer.revocations.revoke(cut(kind, identifier, NOW), reason="test", actor="test")
    token = issuer.issue()
    assert issued_at(token) == NOW + 1
    assert issuer.is_active(token)


def test_past_cut_does_not_matter(issuer: IssuerHarness) -> None:
    """A cut of the past does not move a token's time."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW - 1), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW


def test_cut_in_the_future(issuer: IssuerHarness) -> None:
    """A cut that lies further ahead than any verifier's leeway gives no token that would be refused: 503."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW + 10), reason="test", actor="test")
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert issuer.signer.asked == []


def test_cut_within_the_leeway(issuer: IssuerHarness) -> None:
    """A cut just within the leeway still gives a token."""
    issuer.revocations.revoke(cut(TargetKind.CLIENT, "web", NOW + 9), reason="test", actor="test")
    assert issued_at(issuer.issue()) == NOW + 10
