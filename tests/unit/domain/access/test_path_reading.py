"""The readings of a path: one if it is plain, and open ones if it is odd."""

from __future__ import annotations

import pytest

from keyturn.domain.access.path_reading import is_ambiguous, leads_out, read_path


def readings(path: str) -> list[list[str]]:
    """Return the segments of each complete reading."""
    found = read_path(path)
    assert all(reading.complete and not reading.leaves for reading in found)
    return [reading.segments for reading in found]


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("", [[]]),
        ("a", [["a"]]),
        ("a/b.c/...", [["a", "b.c", "..."]]),
        ("A/~!$&'()+,=:@-_", [["A", "~!$&'()+,=:@-_"]]),
        ("a b/*/{x}/r\u00e9sum\u00e9", [["a b", "*", "{x}", "r\u00e9sum\u00e9"]]),
        ("a/", [["a", ""], ["a"]]),
    ],
)
def test_a_plain_path_is_its_segments(path: str, segments: list[list[str]]) -> None:
    """G7: a plain path has one reading, and a slash at its end makes a second one."""
    assert readings(path) == segments
    assert not is_ambiguous(path)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("users/joe%40example.org", [["users", "joe@example.org"], ["users", "joe%40example.org"]]),
        ("%61dmin/users", [["admin", "users"], ["%61dmin", "users"]]),
        ("r%c3%A9sum%C3%a9", [["r\u00e9sum\u00e9"], ["r%c3%A9sum%C3%a9"]]),
        ("auth0%7C7", [["auth0|7"], ["auth0%7C7"]]),
        ("a%20b/", [["a b", ""], ["a b"], ["a%20b", ""], ["a%20b"]]),
    ],
)
def test_a_path_is_decoded_once(path: str, segments: list[list[str]]) -> None:
    """G7: percent-encoding that hides no mark has two readings, with it and without (RFC 3986 §2.4)."""
    assert readings(path) == segments


@pytest.mark.parametrize(
    ("path", "begin", "leaves"),
    [
        ("/", [], False),
        ("/a", [], False),
        ("a//b", ["a"], False),
        ("a//", ["a"], False),
        ("a/b%2fc", ["a"], False),
        ("a/b%2Fc/d", ["a"], False),
        ("a/b%5cc", ["a"], False),
        ("a/b\\c", ["a"], False),
        ("a;x=1/b", [], False),
        ("a/b%3bx", ["a"], False),
        ("a/b%3Fx", ["a"], False),
        ("a/b%23x", ["a"], False),
        ("a/%00", ["a"], False),
        ("a/%0d%0a", ["a"], False),
        ("a/%7f", ["a"], False),
        ("a/%c2%85", ["a"], False),
        ("a/%2541", ["a"], False),
        ("a/%", ["a"], True),
        ("a/%zz", ["a"], True),
        ("a/%ff", ["a"], True),
        ("a/%c0%ae", ["a"], True),
        ("a/\ud800;", ["a"], True),
        ("a/.", ["a"], True),
        ("a/../b", ["a"], True),
        ("..", [], True),
        ("a/b/..%2fadmin", ["a", "b"], True),
        ("a/%2e%2e/b", ["a"], True),
        ("a/%252e%252e/b", ["a"], True),
        ("a/%25252e", ["a"], True),
        ("a/b%5c..%5cc", ["a"], True),
        ("a/..;/admin", ["a"], True),
        ("a/..%3f", ["a"], True),
        ("a/x%2fb.c", ["a"], False),
    ],
)
def test_an_odd_spelling_leaves_open_where_a_path_leads(path: str, begin: list[str], leaves: bool) -> None:
    """G7: an odd spelling keeps the plain segments before it, and none of them where it may have a dot segment."""
    [reading] = read_path(path)
    assert (reading.segments, reading.complete, reading.leaves) == (begin, False, leaves)
    assert is_ambiguous(path)


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("a/..", True),
        ("a/.", True),
        ("a/%2e%2E/b", True),
        ("a/%252e%252e", True),
        ("a/..;x", True),
        ("a\\..", True),
        ("../%ff", True),
        ("a/.%ff", False),
        ("a/%2%ff", False),
        ("a/b.c/...", False),
        ("a/%2Fb", False),
        ("a;b/%41", False),
        ("", False),
    ],
)
def test_a_dot_segment_leads_out_in_each_spelling(path: str, leads: bool) -> None:
    """G7: a dot segment counts as it is or encoded up to twice; bytes that are not UTF-8 are read as they are."""
    assert leads_out(path) is leads
