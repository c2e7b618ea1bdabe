"""The access rules of a parameter: read once a minute, and kept through a mistake or an outage."""

from __future__ import annotations

import json

import pytest

from authorizer.access_rules_cache import PERIOD, AccessRulesCache, RulesDocument, RulesUnusable
from authorizer.metrics import Metrics
from authorizer.request import parse_request
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.time.ages import SKEW
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.sandbox_time import TIMEOUT, sandbox_time

REQUEST = parse_request(authorizer_event("http_2.0", "t"))


class World:
    """A parameter, its faults, a clock, and the cache of a sandbox."""

    def __init__(self) -> None:
        self.scope = "first"
        self.fault: Exception | None = None
        self.reads = 0
        self.takes = 0.0
        self.wall = 1000.0
        self.monotonic = 50.0
        self.time = sandbox_time(lambda: self.wall, lambda: self.monotonic)
        self.metrics = Metrics("authorizer", self.time)
        self.cache = AccessRulesCache(RulesDocument(self.load, "the parameter /rules"), self.time, self.metrics)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def load(self) -> str:
        self.reads += 1
        self.pass_time(self.takes)
        if self.fault is not None:
            raise self.fault
        return json.dumps({"apis": {"*": {"routes": {"GET /reports": [self.scope]}}}}) if self.scope else "{"

    def required(self) -> str:
        """Return the one scope that is required now."""
        [rule] = self.cache.rules().of_api(REQUEST.api_id).required_rules(REQUEST)
        [scope] = rule.scopes
        return scope


@pytest.fixture
def world() -> World:
    return World()


def test_a_change_counts_a_minute_later_at_the_latest(world: World) -> None:
    """Requests read nothing until a minute has passed; the first one after it sees what was changed."""
    assert world.required() == "first"
    world.scope = "second"
    world.pass_time(PERIOD - 1)
    assert (world.required(), world.reads) == ("first", 1)
    world.pass_time(1)
    assert (world.required(), world.reads) == ("second", 2)


@pytest.mark.parametrize("fault", [None, StoreUnavailable("SSM GetParameter: TimeoutError")])
def test_an_older_document_stays_in_use(
    world: World, fault: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed read keeps the older rules, is logged and counted, and is tried again a minute later."""
    world.required()
    world.scope, world.fault = "", fault
    world.pass_time(PERIOD)
    assert [world.required(), world.required(), world.reads] == ["first", "first", 2]
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["event"]) == ("ERROR", "access_rules_not_renewed")
    assert line["detail"].startswith("SSM" if fault else "the parameter /rules: not JSON")
    assert line["fault"] == ("StoreUnavailable" if fault else "RulesUnusable")
    world.metrics.write()
    assert json.loads(capsys.readouterr().out)["RulesFailures"] == 1
    world.scope, world.fault = "second", None
    world.pass_time(PERIOD)
    assert world.required() == "second"


def test_a_first_read_that_fails_names_its_fault(world: World) -> None:
    """A sandbox without rules answers with the fault of the store itself."""
    world.fault = StoreUnavailable("SSM GetParameter: TimeoutError")
    with pytest.raises(StoreUnavailable, match=r"^SSM GetParameter: TimeoutError$"):
        world.required()


def test_a_read_before_the_first_request_is_dated_by_its_response(world: World) -> None:
    """A sandbox was frozen after its start, with its clocks: the response's Date shows the age of its rules."""
    cache = AccessRulesCache(RulesDocument(world.load, "the parameter /rules", lambda: 2000), world.time, world.metrics)
    cache.rules()
    request = parse_request(authorizer_event("http_2.0", "t"))
    request.time = None
    for invoked, reads in ((2000 + PERIOD - SKEW - 1, 1), (2000 + PERIOD - SKEW, 2)):
        request.deadline = invoked + TIMEOUT
        world.time.begin(request)
        cache.rules()
        assert world.reads == reads


def test_an_unchanged_document_is_not_parsed_again(world: World) -> None:
    """A read that brings the same text keeps the rules as they are, and one that brings another does not."""
    before = world.cache.rules()
    world.pass_time(PERIOD)
    assert world.cache.rules() is before
    assert world.reads == 2
    world.scope = "second"
    world.pass_time(PERIOD)
    assert world.cache.rules() is not before


def test_without_an_older_document_nobody_is_let_in(world: World) -> None:
    """A cold sandbox without rules answers each request with a fault, until the document is right."""
    world.scope = ""
    for _ in range(2):
        with pytest.raises(RulesUnusable, match="the parameter /rules"):
            world.required()
    world.scope = "first"
    assert world.required() == "first"


@pytest.mark.parametrize("fault", [None, StoreUnavailable("SSM GetParameter: TimeoutError")])
def test_a_read_of_a_minute_closes_no_api(world: World, fault: Exception | None) -> None:
    """Rules whose read took a minute decide, the older rules if it failed, and the next request reads again."""
    world.required()
    world.scope, world.fault, world.takes = "second", fault, PERIOD
    world.pass_time(PERIOD)
    assert world.required() == ("first" if fault else "second")
    world.takes = 0.0
    world.required()
    assert world.reads == 3
