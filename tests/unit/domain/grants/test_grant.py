"""The result of a rotation whose conditional write failed."""

from __future__ import annotations

import pytest

from keyturn.domain.grants.grant import GrantRefusal, GrantRefused, refuse_rotation
from tests.fakes.grant_factory import FIRST, NONCE, first_refresh, make_grant, rotation
from tests.fakes.token_factory import NOW


def test_a_current_token_is_not_given_the_successor_of_the_one_before() -> None:
    """R38, R40: a stored nonce belongs to the token that was rotated, and to no other: the family would fork."""
    refresh = first_refresh()._replace(previous_hash="0" * 64, successor_nonce=NONCE, rotated_at=NOW + 5)
    with pytest.raises(GrantRefused) as raised:
        refuse_rotation(make_grant(redemption="r", refresh=refresh), rotation(FIRST))
    assert (raised.value.why, raised.value.grant) == (GrantRefusal.UNKNOWN, None)
