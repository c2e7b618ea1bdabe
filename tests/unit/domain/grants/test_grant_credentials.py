"""Codes and refresh tokens: opaque, of one spelling, and not computable from the table."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.domain.grants.grant_credentials import (
    AuthorizationCode,
    RefreshToken,
    new_grant_id,
    parse_code,
    parse_refresh_token,
)
from tests.fakes.token_factory import make_token

GID = new_grant_id(b"g" * 16)
CODE = AuthorizationCode(GID, b"c" * 32)
TOKEN = RefreshToken(GID, b"p" * 32, b"s" * 32)


def test_a_credential_reads_as_what_was_written() -> None:
    """A code and a refresh token are parsed back from their values, and neither is the other."""
    assert parse_code(CODE.value) == CODE
    assert parse_refresh_token(TOKEN.value) == TOKEN
    assert parse_code(TOKEN.value) is None
    assert parse_refresh_token(CODE.value) is None


def test_what_is_stored_is_a_digest() -> None:
    """R45: each secret has 256 bits, and is stored as SHA-256 alone."""
    assert CODE.code_hash == hashlib.sha256(CODE.secret).hexdigest()
    assert TOKEN.proof_hash == hashlib.sha256(TOKEN.proof).hexdigest()
    assert TOKEN.secret_hash == hashlib.sha256(TOKEN.secret).hexdigest()
    assert len(CODE.secret) == len(TOKEN.proof) == len(TOKEN.secret) == 32


def test_the_same_mac_gives_the_same_successor() -> None:
    """R40: a successor follows from the token and a MAC, stays in the family, and is another for another MAC."""
    successor = TOKEN.successor(b"m" * 32)
    assert successor == TOKEN.successor(b"m" * 32)
    assert (successor.gid, successor.proof) == (TOKEN.gid, TOKEN.proof)
    assert successor.secret not in (TOKEN.secret, TOKEN.successor(b"n" * 32).secret)
    assert successor != RefreshToken(GID, TOKEN.proof, b"t" * 32).successor(b"m" * 32)


def test_the_message_of_a_successor_names_grant_and_nonce() -> None:
    """R40: each grant and each nonce has a message of its own, and so a MAC of its own."""
    other = RefreshToken(new_grant_id(b"h" * 16), TOKEN.proof, TOKEN.secret)
    messages = {each.successor_message(nonce) for each in (TOKEN, other) for nonce in (b"n" * 16, b"o" * 16)}
    assert len(messages) == 4


@pytest.mark.parametrize("parse", [parse_code, parse_refresh_token])
@given(text=st.text(max_size=200) | st.just(make_token()))
def test_anything_else_is_none(parse: object, text: str) -> None:
    """R41: any other text, such as an access token, is refused without an exception."""
    assert callable(parse)
    assert parse(text) is None


@pytest.mark.parametrize("value", [CODE.value, TOKEN.value])
def test_a_credential_has_one_spelling(value: str) -> None:
    """R45: padded, in the other alphabet, with bits that do not count, or with blanks, it is another text."""
    for other in (value + "=", value + "\n", " " + value, value[:-1], value + "A", value.replace("c", "+")[:-1] + "/"):
        assert parse_code(other) is None
        assert parse_refresh_token(other) is None
    assert parse_refresh_token(TOKEN.value[:-1] + chr(ord(TOKEN.value[-1]) + 1)) is None


def test_an_id_is_128_bits() -> None:
    """R29: an id of fewer bits could be guessed."""
    with pytest.raises(ValueError, match="16 bytes"):
        new_grant_id(b"short")
