"""Base64url has one spelling per value (R01, A11)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.domain.base64url import decode, encode


@given(st.binary(max_size=200))
def test_every_value_comes_back_from_its_own_text(data: bytes) -> None:
    """R01: every value has a text of [A-Za-z0-9_-] alone, the standard library's unpadded, that decodes to it."""
    text = encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert decode(text.encode()) == data


@given(st.binary(max_size=12))
def test_a_text_that_decodes_is_the_one_that_encodes(segment: bytes) -> None:
    """R01: bytes that decode are exactly the text that their value encodes to."""
    data = decode(segment)
    assert data is None or encode(data).encode() == segment


@pytest.mark.parametrize("last", [chr(code) for code in range(256)])
def test_only_zero_trailing_bits_are_canonical(last: str) -> None:
    """R01, A11: a last character is taken only if its unused bits are zero."""
    for stem, canonical in (("A", "AQgw"), ("AA", "AEIMQUYcgkosw048")):
        accepted = decode((stem + last).encode("latin-1")) is not None
        assert accepted == (last in canonical)


@pytest.mark.parametrize(
    "segment",
    [b"AA==", b"AA=", b"AAA=", b"AAAA=", b"=", b"AA\n", b" AAA", b"AA A", b"A+AA", b"A/AA", b"A", b"AAAAA", b"A.AA"],
)
def test_padding_spaces_and_the_other_alphabet_are_refused(segment: bytes) -> None:
    """R01, A11: padding, white space, + and /, and impossible lengths are refused, not skipped."""
    assert decode(segment) is None


def test_every_last_character_is_kept() -> None:
    """R01: padding alone is taken off the end of any text."""
    for last in range(256):
        for value in (bytes([last]), bytes([0, last]), bytes([0, 0, last])):
            assert decode(encode(value).encode()) == value
