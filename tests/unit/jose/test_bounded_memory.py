"""Bounds of what the verifier holds in memory between two tokens."""

from __future__ import annotations

import gc
import weakref

import pytest

from keyturn.jose import VerifiedAccessToken
from keyturn.jose.compact import UnverifiedToken, parse_header
from tests.fakes.token_factory import good_claims, good_header, signing_key, unsigned

FLOOD = 1000


@pytest.mark.parametrize(("length", "most"), [(256, 128), (257, 0)])
def test_a_flood_of_scopes_leaves_a_bounded_number(length: int, most: int) -> None:
    """An issuer that signs ever new scopes fills no sandbox's memory, and a long scope goes with its token."""
    tokens = (VerifiedAccessToken(good_claims(scope=f"{n:0{length}}"), "kid") for n in range(FLOOD))
    scopes = [weakref.ref(token.scope) for token in tokens]
    gc.collect()
    assert sum(scope() is not None for scope in scopes) == most


def test_a_flood_of_headers_leaves_a_bounded_number() -> None:
    """A sandbox holds 32 headers at most, since anybody can write a header."""
    for n in range(FLOOD):
        UnverifiedToken(unsigned(good_header(signing_key(), kid=f"k{n}")))
    assert parse_header.cache_info().currsize == 32
