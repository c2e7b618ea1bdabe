"""The route behind a concrete path, as API Gateway chooses it."""

from __future__ import annotations

from itertools import product

import pytest

from keyturn.domain.route_template import RouteTemplate, match_path

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
    assert match_path(TEMPLATES, path) == template
    assert match_path(reversed(TEMPLATES), path) == template


def test_a_literal_goes_first_whatever_it_is_spelled_like() -> None:
    """A literal that comes after { in ASCII is still a literal."""
    templates = [RouteTemplate("/reports/{id}"), RouteTemplate("/reports/~me")]
    assert match_path(templates, "reports/~me") == "/reports/~me"


def test_a_wildcard_takes_every_character() -> None:
    """G1: a policy's wildcard crosses slashes and line breaks, and is never empty; what is no wildcard is itself."""
    template = RouteTemplate("/a.b/{x}")
    assert template.pattern == "a.b/?*"
    assert all(template.covers(path) for path in ("a.b/c", "a.b/c/d", "a.b/\n", "a.b//"))
    assert not any(template.covers(path) for path in ("a.b/", "a.b", "axb/c", "/a.b/c"))


def test_patterns_overlap_where_a_path_fits_both() -> None:
    """R55: for every two templates of up to three segments, by every path that could be in both."""
    paths = ["/".join(path) for length in range(7) for path in product("abc", repeat=length)]
    fitting = [
        (template, {path for path in paths if template.covers(path)})
        for length in range(4)
        for segments in product(("a", "b", "{x}"), repeat=length)
        for template in [RouteTemplate("/" + "/".join(segments))]
    ]
    for (one, its), (other, others) in product(fitting, repeat=2):
        assert one.overlaps(other) == (not its.isdisjoint(others)), (one.text, other.text)


@pytest.mark.parametrize(
    "path",
    [
        "reports/",
        "/reports",
        "reports//7",
        "reports%2f7",
        "reports/%37",
        "reports;x=1",
        "reports/..",
        "reports/.",
        "a b",
        "reports/*",
        "reports/?",
        "files/../reports",
        "reports\\7",
        "r\u00e9sum\u00e9",
        "reports/{id}",
        "reports\n",
    ],
)
def test_path_with_two_readings_has_no_route(path: str) -> None:
    """G7: what API Gateway may read in another way than this matches nothing, not even {proxy+}."""
    assert match_path(TEMPLATES, path) is None


def test_path_without_a_template_has_no_route() -> None:
    """A path that no template covers has no route; the root is not covered by {proxy+}."""
    assert match_path([RouteTemplate("/reports")], "other") is None
    assert match_path([RouteTemplate("/reports/{id}")], "reports") is None
    assert match_path([RouteTemplate("/{proxy+}")], "") is None


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
