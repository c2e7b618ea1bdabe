"""A JSON object has one reading, or none (R03, A16, A17, A18, A21)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.jose.strict_json import MAX_DEPTH, MAX_INTEGER_LENGTH, parse_object

_JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _JSON_VALUES, max_size=5), st.booleans())
def test_an_ordinary_object_is_read_as_it_is(value: dict[str, Any], ascii_only: bool) -> None:
    """R03: a text of json.dumps is read back unchanged, escaped or not."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    depth = max(_depth(value), 0)
    assert parse_object(text.encode("utf-8")) == (value if depth <= MAX_DEPTH else None)


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"o":{"b":1,"b":2}}', '{"l":[{"b":1,"b":2}]}']
)
def test_a_duplicate_member_is_refused_at_any_depth(text: str) -> None:
    """R03, A16: two members of one name are refused, also nested and also spelled differently."""
    assert parse_object(text.encode()) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_only_utf_8_without_a_byte_order_mark_is_read(encoding: str) -> None:
    """R03, A17: UTF-16, UTF-32 and a byte order mark are refused."""
    assert parse_object('{"a":1}'.encode(encoding)) is None


@pytest.mark.parametrize(
    "data", [b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf4\x90\x80\x80"}']
)
def test_bytes_that_are_not_utf_8_are_refused(data: bytes) -> None:
    """R03: overlong forms, surrogates and values beyond U+10FFFF are refused."""
    assert parse_object(data) is None


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "01", "+1", ".5", "1.", "0x1", "1_000"]
)
def test_what_is_no_finite_json_number_is_refused(number: str) -> None:
    """R03, A18: NaN, Infinity, and floats that overflow to it are refused."""
    assert parse_object(f'{{"exp":{number}}}'.encode()) is None


def test_an_integer_is_bounded_before_it_is_computed() -> None:
    """R03, A18: an integer of the greatest length is read, one digit more is refused."""
    longest = "9" * MAX_INTEGER_LENGTH
    assert parse_object(f'{{"n":{longest}}}'.encode()) == {"n": int(longest)}
    assert parse_object(f'{{"n":{longest}9}}'.encode()) is None
    assert parse_object(b'{"n":%s}' % (b"9" * 6000)) is None


@pytest.mark.parametrize(
    "text", ["[]", "1", '"{}"', "null", "true", "", " ", "{}{}", "{} x", '{"a":1}\0', "{'a':1}", '{"a":1,}']
)
def test_only_one_object_at_the_top_is_read(text: str) -> None:
    """R03: arrays, scalars, nothing, and anything after the object are refused."""
    assert parse_object(text.encode()) is None


@pytest.mark.parametrize("around", [" ", "\n", "\t", "\r", " \r\n\t "])
def test_white_space_around_an_object_is_no_part_of_it(around: str) -> None:
    """RFC 8259 §2: white space may stand before and after an object, and any other character is refused."""
    for text in (around + '{"a":1}', '{"a":1}' + around, around + '{"a":1}' + around):
        assert parse_object(text.encode()) == {"a": 1}
    for text in ('\f{"a":1}', '{"a":1}\v', '\u00a0{"a":1}', around + "[]" + around):
        assert parse_object(text.encode()) is None


@pytest.mark.parametrize(("opening", "inner", "closing"), [('{"a":', "1", "}"), ("[", "", "]"), ('[{"a":', "1", "}]")])
def test_nesting_stops_at_the_bound(opening: str, inner: str, closing: str) -> None:
    """R03, A21: objects and arrays up to the bound are read, one level more is refused."""
    step = len(closing)
    levels = (MAX_DEPTH - 1) // step
    for extra, accepted in ((0, True), (1, False)):
        text = '{"top":' + opening * (levels + extra) + inner + closing * (levels + extra) + "}"
        assert (parse_object(text.encode()) is not None) == accepted


@pytest.mark.parametrize("siblings", ["", "[],", "[[],[]],", "[],[[]],"])
def test_siblings_do_not_add_to_the_depth(siblings: str) -> None:
    """R03: however many brackets were opened and closed before, 16 levels are read and 17 refused."""
    for levels, accepted in ((MAX_DEPTH - 2, True), (MAX_DEPTH - 1, False)):
        text = f'{{"a":[{siblings * 20}{"[" * levels}{"]" * levels}]}}'
        assert (parse_object(text.encode()) is not None) == accepted


def test_brackets_inside_of_strings_are_not_nesting() -> None:
    """R03: a flat object with many brackets in its strings, after an escaped quote too, is read."""
    value = {"a": '"' + "[" * 50, "b\\": "{" * 50, "c": [[], []] * 20}
    assert parse_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text", ['{"a":' * 4000, "[" * 6000, '{"a":"' + '\\"' * 3000, '{"a":' + "[" * 3000 + "]" * 3000 + "}"]
)
def test_deep_or_unclosed_text_of_full_size_is_refused(text: str) -> None:
    """A21: thousands of open brackets, or of escaped quotes in a string that never ends, are refused."""
    assert parse_object(text.encode()) is None


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\udc00\\ud800", "a\\uD800b", "\\ud800\\u0061"])
def test_a_lone_surrogate_is_refused(escape: str) -> None:
    """R03: an escape that stands for half a character is refused, as a name and as a value; a whole pair is read."""
    assert parse_object(f'{{"a":"{escape}"}}'.encode()) is None
    assert parse_object(f'{{"{escape}":1}}'.encode()) is None
    assert parse_object(b'{"a":"\\ud83d\\ude00 \\\\ud800"}') == {"a": "\N{GRINNING FACE} \\ud800"}


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(member) for member in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(member) for member in value), default=0)
    return 0
