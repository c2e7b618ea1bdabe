"""A key that is disabled or compromised between two reads of the ring (I8, I10)."""

from __future__ import annotations

import jwt
import pytest

from keyturn.domain.errors import KeyRingMissing
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind
from tests.fakes.issuer_harness import TOKEN, IssuerHarness
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, NOW, signing_key
from tests.fakes.user_flow import UserFlow


def kid_of(token: str) -> str:
    """Return the kid of a token."""
    kid = jwt.get_unverified_header(token)["kid"]
    assert isinstance(kid, str)
    return kid


def mark_compromised(issuer: IssuerHarness, kid: str, copy: int = 0) -> None:
    """Store the revocation that an emergency writes beside the ring."""
    everything = Revocation(Target.of(TargetKind.GLOBAL, str(copy)), expires_at=NOW + 9999, compromised_kids=[kid])
    issuer.revocations.store(everything)


def test_disabled_key(issuer: IssuerHarness) -> None:
    """The ring is read again after KMS refuses its active key, and the new active key signs (I10)."""
    assert kid_of(issuer.issue()) == issuer.key.kid
    issuer.signer.unusable.add(issuer.key.kid)
    issuer.rotate()
    assert kid_of(issuer.issue()) == issuer.next_key.kid


def test_disabled_key_without_successor(issuer: IssuerHarness) -> None:
    """A second failure is 503: the ring's active key cannot sign, and the log names it."""
    issuer.signer.unusable.add(issuer.key.kid)
    answer = issuer.post(TOKEN, grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert issuer.signer.asked == [issuer.key.kid] * 2


def test_compromised_key_signs_nothing(issuer: IssuerHarness) -> None:
    """A compromised key signs nothing, even while KMS would still sign with it (I8)."""
    issuer.issue()
    issuer.signer.asked.clear()
    mark_compromised(issuer, issuer.key.kid)
    issuer.rotate()
    assert kid_of(issuer.issue()) == issuer.next_key.kid
    assert issuer.signer.asked == [issuer.next_key.kid]


def test_compromised_key_still_active(issuer: IssuerHarness) -> None:
    """A ring whose active key is compromised issues no token."""
    mark_compromised(issuer, issuer.key.kid)
    assert issuer.post(TOKEN, grant_type="client_credentials").status == 503
    assert issuer.signer.asked == []


def test_compromised_key_signs_no_id_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ID token needs the default ring: while its active key is compromised, no ID token is issued (I8)."""
    flow = UserFlow(monkeypatch, AUDIENCE_ALGORITHMS=f"{AUDIENCE}=PS256")
    key = signing_key("PS256")
    flow.signer.keys[key.kid] = key
    flow.rings.others = (ring_of(key).replace(name="PS256"),)
    code = flow.get_code()
    mark_compromised(flow, flow.key.kid)
    assert flow.redeem(code).status == 503
    assert flow.key.kid not in flow.signer.asked
    flow.rotate()
    tokens = flow.redeem(code).json
    assert [kid_of(tokens[name]) for name in ("access_token", "id_token")] == [key.kid, flow.next_key.kid]


def test_ring_that_cannot_be_read_again(issuer: IssuerHarness) -> None:
    """The second attempt fails if the ring cannot be read."""
    issuer.issue()
    issuer.signer.unusable.add(issuer.key.kid)
    issuer.rings.fault = KeyRingMissing("no item")
    assert issuer.post(TOKEN, grant_type="client_credentials").status == 500


def test_compromised_key_at_introspection(issuer: IssuerHarness) -> None:
    """A token of a compromised key is inactive, for each copy of the global item that its jti selects (I8)."""
    tokens = [issuer.issue() for _ in range(8)]
    for copy in range(GLOBAL_COPIES):
        mark_compromised(issuer, issuer.key.kid, copy)
    assert not any(issuer.is_active(token) for token in tokens)
