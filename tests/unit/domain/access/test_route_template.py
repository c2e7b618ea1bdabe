"""Templates match paths, and become patterns in a policy."""

from __future__ import annotations

import re
from itertools import product

import pytest

from keyturn.domain.access.route_template import RouteTemplate

TEMPLATES = [
    RouteTemplate(text)
    for text in (
        "/{proxy+}",
        "/",
        "/reports",
        "/reports/{id}",
        "/reports/latest",
        "/reports/{id}/pages",
        "/files/{path+}",
    )
]


def best(path: str) -> str | None:
    """Return the template of the least rank."""
    segments = path.split("/") if path else []
    ranked = [(rank, each.text) for each in TEMPLATES if (rank := each.rank(segments)) is not None]
    return min(ranked)[1] if ranked else None


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("", "/"),
        ("reports", "/reports"),
        ("reports/latest", "/reports/latest"),
        ("reports/7", "/reports/{id}"),
        ("reports/LATEST", "/reports/{id}"),
        ("reports/7/pages", "/reports/{id}/pages"),
        ("reports/latest/pages", "/reports/{id}/pages"),
        ("reports/7/other", "/{proxy+}"),
        ("files/a", "/files/{path+}"),
        ("files/a/b/c", "/files/{path+}"),
        ("files", "/{proxy+}"),
        ("Reports", "/{proxy+}"),
        ("things/a:b@c", "/{proxy+}"),
    ],
)
def test_best_template_wins(path: str, template: str) -> None:
    """A literal segment goes before {param}, and that before {proxy+}; case counts."""
    assert best(path) == template


def test_a_literal_goes_first_whatever_it_is_spelled_like() -> None:
    """A literal that comes after { in ASCII is still a literal."""
    parameter, literal = RouteTemplate("/reports/{id}"), RouteTemplate("/reports/~me")
    one, other = parameter.rank(["reports", "~me"]), literal.rank(["reports", "~me"])
    assert one is not None
    assert other is not None
    assert other < one


def test_a_path_of_another_length_does_not_fit() -> None:
    """A path fits a template of its length, or a greedy one that is not longer; the root fits `/` alone."""
    assert RouteTemplate("/reports").rank(["other"]) is None
    assert RouteTemplate("/reports/{id}").rank(["reports"]) is None
    assert RouteTemplate("/reports").rank(["reports", "7"]) is None
    assert RouteTemplate("/{proxy+}").rank([]) is None
    assert RouteTemplate("/").rank([]) == ()


@pytest.mark.parametrize(
    ("text", "begins", "may"),
    [
        ("/a/{x}/b", [], True),
        ("/a/{x}/b", ["a"], True),
        ("/a/{x}/b", ["a", "c", "b"], True),
        ("/a/{x}/b", ["a", "c", "b", "d"], False),
        ("/a/{x}/b", ["a", "c", "d"], False),
        ("/a/{x}/b", ["b"], False),
        ("/a/{x+}", ["a", "c", "b", "d"], True),
        ("/a/{x+}", ["b", "c"], False),
        ("/", [], True),
        ("/", ["a"], False),
    ],
)
def test_a_template_may_fit_what_begins_as_it_does(text: str, begins: list[str], may: bool) -> None:
    """G7: some path that begins with the segments fits the template, or none does."""
    assert RouteTemplate(text).may_begin_with(begins) is may


def test_the_prefix_of_a_template_is_its_literal_beginning() -> None:
    """The prefix ends before the first parameter of either kind."""
    texts = ("/", "/a", "/a/b/{x}/c", "/{x+}")
    assert [RouteTemplate(text).prefix for text in texts] == [[], ["a"], ["a", "b"], []]
    assert [RouteTemplate(text).has_parameters for text in texts] == [False, False, True, True]


def test_a_wildcard_takes_every_character() -> None:
    """G1: a policy's wildcard crosses slashes and line breaks, and is never empty; any other character is itself."""
    template = RouteTemplate("/a.b/{x}")
    assert template.pattern == "a.b/?*"
    assert all(template.covers(path) for path in ("a.b/c", "a.b/c/d", "a.b/\n", "a.b//"))
    assert not any(template.covers(path) for path in ("a.b/", "a.b", "axb/c", "/a.b/c"))


def test_a_pattern_covers_what_a_policy_says() -> None:
    """G1, R55: for every template of up to four segments and every path of up to seven characters, as a regex says."""
    paths = ["".join(path) for length in range(8) for path in product("ab/", repeat=length)]
    for length in range(5):
        for segments in product(("a", "ab", "{x}"), repeat=length):
            template = RouteTemplate("/" + "/".join(segments))
            pattern = re.compile(re.escape(template.pattern).replace(r"\?\*", "(?s:.+)"))
            for path in paths:
                assert template.covers(path) == (pattern.fullmatch(path) is not None), (template.text, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reports",
        "/reports/",
        "//",
        "/a//b",
        "/{}",
        "/{a",
        "/{a}b",
        "/{proxy+}/x",
        "/a b",
        "/..",
        "/*",
        "/{a*}",
        "/a%2Fb",
    ],
)
def test_template_that_no_gateway_has_is_refused(text: str) -> None:
    """A template with an empty, encoded or half-variable segment, or a greedy one that is not last, is refused."""
    with pytest.raises(ValueError, match=r"."):
        RouteTemplate(text)
