"""The events of other routes and formats of an HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws.changes import access_rules, route
from tests.aws.patience import eventually
from tests.integration.http import call, get_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

OPEN = {"with the scope": 200, "without": 403}


@pytest.fixture(scope="module")
def simple_rules(stack: StackFile, resources: dict[str, str]) -> Iterator[None]:
    """Open the routes of this module to `reports:read`, by simple answers."""
    with access_rules(resources, "simple"):
        yield


def open_and_shut(stack: StackFile, path: str) -> dict[str, int]:
    """Return what a new route answers to a token with the scope, once it is there, and to one without."""
    url = stack.apis["http"].removesuffix("/reports") + path
    reader, writer = get_token(stack, scope="reports:read"), get_token(stack, scope="reports:write")
    opened, _ = eventually(lambda: call(url, reader).status_code, lambda status: status == 200, seconds=60)
    return {"with the scope": opened, "without": call(url, writer).status_code}


@pytest.mark.usefixtures("simple_rules")
def test_any_route(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """The event of `ANY /any/{proxy+}` has that template in routeKey, and in routeArn the method sent (R58)."""
    with route(resources, "ANY /any/{proxy+}"):
        seen = open_and_shut(stack, "/any/thing/else")
    observe(statuses=seen)
    assert seen == OPEN


@pytest.mark.usefixtures("simple_rules")
def test_default_route(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """The event of `$default` is `$default` in routeKey, and names the method that was sent in routeArn (G6, R58)."""
    with route(resources, "$default"):
        seen = open_and_shut(stack, "/nobody/has/this/path")
    observe(statuses=seen)
    assert seen == OPEN


@pytest.mark.usefixtures("simple_rules")
def test_payload_format_1(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """An authorizer with payload format 1.0 gets the route in `resource`, and returns a policy (R54, R57)."""
    with route(resources, "GET /format/{id}", payload="1.0"):
        seen = open_and_shut(stack, "/format/1")
    observe(statuses=seen)
    assert seen == OPEN


def test_policy_answer(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A policy for the event's routeArn opens the request that was asked about, also on `$default` (R54)."""
    with access_rules(resources, "policy"), route(resources, "$default", simple=False):
        seen = open_and_shut(stack, "/nobody/has/this/path")
    observe(statuses=seen)
    assert seen == OPEN
