"""The page about access rules says what the code does."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from keyturn.domain.access.access_rules import AccessRules, AccessRulesError, parse_access_rules
from keyturn.domain.access.result_cache import HTTP_SOURCES, REST_SOURCES, CacheKey, problems
from local.transform import transform_template

PAGE = (Path(__file__).parents[2] / "docs" / "access-rules.md").read_text()
PARTS = ("token", "method", "path", "template")
HARD = {"ANY /{proxy+}": ["read"], "GET /{proxy+}": ["write"], "ANY /admin/{proxy+}": ["admin"], "GET /a": ["read"]}


def rows(header: str) -> list[list[str]]:
    """Return the cells of the table with this header."""
    table = PAGE.partition(header)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


@pytest.mark.parametrize("document", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
def test_each_document_of_the_page_is_one(document: str) -> None:
    """The authorizer reads the documents that the page shows."""
    assert list(parse_access_rules(document))


@pytest.mark.parametrize("snippet", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_a_template_of_the_page_takes_api_keys_from_the_authorizer(snippet: str) -> None:
    """R54: the snippet transforms to an API whose methods need a key, and whose keys come from the authorizer."""
    source = yaml_parse(snippet)
    event = {"Type": "Api", "Properties": {"Path": "/orders", "Method": "GET", "RestApiId": {"Ref": "Api"}}}
    function = {"Runtime": "python3.13", "Handler": "index.handler", "InlineCode": "-", "Events": {"Get": event}}
    source["Resources"]["Orders"] = {"Type": "AWS::Serverless::Function", "Properties": function}
    native = transform_template(source, {"KeyturnAuthorizerArn": "arn:aws:lambda:::function:a"}, {}, "eu-west-1")
    api = native["Resources"]["Api"]["Properties"]
    assert api["ApiKeySourceType"] == "AUTHORIZER"
    security = api["Body"]["paths"]["/orders"]["get"]["security"]
    assert {name for each in security for name in each} == {"Keyturn", "api_key"}


def test_the_sizes_of_the_page_are_those_of_the_code() -> None:
    """R55: as many routes are read under `cached_by` as the page says, and one more is refused."""
    members: dict[str, dict[str, Any]] = {
        "neither `context` nor `api_key_claim`": {},
        "`api_key_claim`": {"api_key_claim": "plan_key"},
        "`context`": {"context": ["tenant"]},
    }
    found = dict(rows("| members | routes of one method"))
    assert found.keys() == members.keys()
    for name, number in found.items():
        count = int(number.removeprefix("about "))
        assert [_is_read(routes, members[name]) for routes in (count, count + 1)] == [True, False]


def _is_read(routes: int, members: dict[str, Any]) -> bool:
    """Return whether a document with so many routes of usual length is read under the cache."""
    api = {"answer": "policy", "cached_by": "token", **members}
    api["routes"] = {f"GET /{'x' * 20}{each:02}/{{x}}": [] for each in range(routes)}
    try:
        return bool(parse_access_rules(json.dumps({"apis": {"*": api}})))
    except AccessRulesError:
        return False


def test_the_table_of_sources_is_the_codes() -> None:
    """R55: the identity sources of the page, and what each distinguishes, are those of the code."""
    named = {"REST": REST_SOURCES, "HTTP": HTTP_SOURCES}
    expected = {
        (api, f"`{name}`"): parts - {"route"} for api, sources in named.items() for name, parts in sources.items()
    }
    found = {
        (api, source): set(re.findall("|".join(PARTS), told)) for api, source, told in rows("| API | identity source |")
    }
    found["HTTP", "`$context.routeKey`"].discard("method")  # unless the route is for ANY
    assert found == expected


def rules_of(members: dict[str, str]) -> AccessRules:
    return parse_access_rules(json.dumps({"apis": {"*": {"routes": HARD, **members}}}))


@pytest.mark.parametrize("row", rows("| result | a key that is always right |"))
def test_the_keys_of_the_page_are_right_and_no_shorter_one_is(row: list[str]) -> None:
    """R55, G2: for rules that differ by method and path, exactly the keys with all parts of the row are right."""
    members = dict(re.findall(r'"(\w+)": "(\w+)"', row[0]))
    rules, needed = rules_of(members).of_api("*"), set(row[1].split(", "))
    for length in range(len(PARTS) + 1):
        for parts in combinations(PARTS, length):
            for kind in ("http_2.0", "rest_request")[: 1 if members["answer"] == "simple" else 2]:
                right = problems(CacheKey(kind, parts), members["answer"], rules, list(HARD)) == []
                assert right is needed.issubset(parts), (kind, parts)
