"""How long a revocation is stored."""

from __future__ import annotations

import pytest

from keyturn.domain.clients.client import MAX_REFRESH_LIFETIME
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, TargetKind
from keyturn.domain.revocations.revocation_expiry import revocation_expiry

NOW = 1_790_000_000
HORIZON = 3660


def test_a_token_is_remembered_for_its_own_life() -> None:
    """A token that is issued at the moment of its revocation has ended before the item goes."""
    assert revocation_expiry(TargetKind.TOKEN, now=NOW, token_lifetime=HORIZON) == NOW + HORIZON + EXPIRY_MARGIN


@pytest.mark.parametrize("kind", [kind for kind in TargetKind if kind is not TargetKind.TOKEN])
def test_any_other_kind_is_remembered_for_the_longest_refresh_token(kind: TargetKind) -> None:
    """The last refresh token and access token of a grant at the revocation's time expire before the item."""
    last = NOW + MAX_REFRESH_LIFETIME + HORIZON
    assert revocation_expiry(kind, now=NOW, token_lifetime=HORIZON) == last + EXPIRY_MARGIN
