"""Scope values by the grammar of RFC 6749 §3.3."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from keyturn.domain.access.scope import check_scope_tokens, format_scope, parse_scope

# scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
CHARACTERS = {0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F)}


def accepts(check: Callable[[str], object], text: str) -> bool:
    """Return whether a check accepts a text."""
    try:
        check(text)
    except ValueError:
        return False
    return True


def test_the_grammar_lists_the_characters_of_a_scope_token() -> None:
    """Clients, resource servers and requests have scopes of exactly the characters of the RFC."""
    texts = {code: f"a{chr(code)}b" for code in range(0x181)}
    assert {
        code for code in texts if accepts(lambda text: check_scope_tokens(frozenset({text})), texts[code])
    } == CHARACTERS
    assert {code for code in texts if accepts(parse_scope, texts[code])} == CHARACTERS | {0x20}
    assert parse_scope("a b") == {"a", "b"}


@pytest.mark.parametrize("value", ["", " ", " a", "a ", "a  b", "a\n", "\ta", "a b "])
def test_single_spaces_stand_between_tokens_alone(value: str) -> None:
    """A value with another space than one between two tokens is refused."""
    with pytest.raises(
        ValueError, match=r"^scope is one or more tokens of printable ASCII, separated by single spaces$"
    ):
        parse_scope(value)


@pytest.mark.parametrize("token", ["", "a b", "a ", "a\n"])
def test_one_wrong_token_among_good_ones_is_refused(token: str) -> None:
    """A list of scopes is accepted as a whole or refused as a whole."""
    check_scope_tokens(frozenset())
    check_scope_tokens(frozenset({"a", "b"}))
    with pytest.raises(
        ValueError, match=r"^a scope is a token of printable ASCII without spaces, quotes and backslashes$"
    ):
        check_scope_tokens(frozenset({"a", token, "b"}))


def test_a_scope_value_is_in_a_stable_order() -> None:
    """A set of scope tokens always has the same text, which is read back as the same set."""
    scope = frozenset({"b", "a:c", "A", "a"})
    assert format_scope(scope) == "A a a:c b"
    assert parse_scope(format_scope(scope)) == scope
    assert format_scope(frozenset()) == ""


def test_a_flood_of_scopes_leaves_a_bounded_number_of_texts() -> None:
    """Results with ever new scopes fill no sandbox's memory."""
    scopes = [frozenset({f"s{n}"}) for n in range(1000)]
    for scope in scopes:
        format_scope(scope)
    seen = [weakref.ref(scope) for scope in scopes]
    del scope, scopes
    gc.collect()
    assert sum(each() is not None for each in seen) == 128
