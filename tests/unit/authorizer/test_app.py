"""The handler: answers, the one text that means 401, and faults that mean 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from authorizer.allow_log import AllowLog
from authorizer.app import AuthorizerFault, lambda_handler
from authorizer.bootstrap import bootstrap
from authorizer.request import parse_request
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.environment import SettingsError
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event
from tests.fakes.token_factory import NOW, good_claims, make_token, signing_key
from tests.unit.authorizer.test_settings import ENVIRON

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

REST = ("rest_token", "rest_request")
HTTP = ("http_1.0", "http_2.0")
JTI = good_claims()["jti"]


def outcome(event: object) -> str:
    """Return allow, deny, 401 or 500, as API Gateway understands the handler's answer."""
    try:
        answer = lambda_handler(event, None)
    except AuthorizerFault:
        return "500"
    except Exception as error:
        only_unauthorized = (type(error), error.args) == (Exception, ("Unauthorized",))
        return "401" if only_unauthorized and error.__cause__ is error.__context__ is None else repr(error)
    if "isAuthorized" in answer:
        return "allow" if answer["isAuthorized"] is True else "deny"
    effect: str = answer["policyDocument"]["Statement"][0]["Effect"]
    return effect.lower()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ["simple", "policy"])
def test_good_token_is_allowed_and_logged(world: AuthorizerWorld, token: str, kind: str, shape: str) -> None:
    """A good token is allowed on every kind of API, and one short line says so."""
    world.authorizer = world.build(shape)
    assert outcome(authorizer_event(kind, token)) == "allow"
    assert world.lines() == [{"level": "INFO", "event": "allowed", "api": kind, "jti": JTI}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("raw", "reason"), [("x.y.z", "invalid_token"), ("", "malformed_credentials"), ("a,b", "several_credentials")]
)
def test_bad_token_is_401_on_rest_and_no_on_http(world: AuthorizerWorld, kind: str, raw: str, reason: str) -> None:
    """R57: a bad token is Unauthorized on a REST API and refused on an HTTP API; one line gives the reason."""
    assert outcome(authorizer_event(kind, raw)) == ("401" if kind in REST else "deny")
    [line] = world.lines()
    assert (line["level"], line["event"], line["reason"], line["api"]) == ("INFO", "refused", reason, kind)
    assert not {"kid", "jti", "rule"} & set(line)


@pytest.mark.parametrize("kind", KINDS)
def test_revoked_token_is_refused_as_a_bad_one(world: AuthorizerWorld, token: str, kind: str) -> None:
    """R47, R57: a revoked token is a bad token on the next request; the line names it by kid and jti."""
    stored = Revocation(Target.of(TargetKind.TOKEN, JTI), expires_at=NOW + 3600)
    world.revoke(stored)
    assert outcome(authorizer_event(kind, token)) == ("401" if kind in REST else "deny")
    [line] = world.lines()
    assert (line["event"], line["reason"], line["api"]) == ("refused", "revoked", kind)
    assert (line["kid"], line["jti"]) == (signing_key().kid, JTI)


@pytest.mark.parametrize("kind", KINDS)
def test_forbidden_request_is_denied(world: AuthorizerWorld, token: str, kind: str) -> None:
    """R57: a good token that does not open the route is denied by 403, rather than asked to authenticate again."""
    assert outcome(authorizer_event(kind, token, method="POST")) == "deny"
    assert [line["reason"] for line in world.lines()] == ["insufficient_scope"]


@pytest.mark.parametrize("kind", ["rest_token", "rest_request", "http_1.0"])
def test_wildcard_path_is_denied(world: AuthorizerWorld, token: str, kind: str) -> None:
    """G1: a path that a policy would read as a wildcard is denied, and the log says why."""
    event = authorizer_event(kind, token, path="/reports/*", template="/reports")
    assert outcome(event) == "deny"
    assert [line["reason"] for line in world.lines()] == [
        "insufficient_scope" if kind == "rest_token" else "resource_not_nameable"
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["ring", "revocations"])
@pytest.mark.parametrize(
    "fault", [StoreUnavailable("DynamoDB GetItem: TimeoutError"), RuntimeError("secret"), KeyError("x")]
)
def test_fault_is_500(world: AuthorizerWorld, token: str, kind: str, where: str, fault: Exception) -> None:
    """R57, G4: a fault is answered by neither Allow nor Deny nor 401, so that nothing is cached."""
    getattr(world, where).fault = fault
    assert outcome(authorizer_event(kind, token)) == "500"
    [line] = world.lines()
    assert (line["level"], line["event"], line["fault"]) == ("ERROR", "authorizer_fault", type(fault).__name__)
    assert "secret" not in str(line)


def test_fault_of_ours_is_explained_and_a_foreign_one_is_placed(world: AuthorizerWorld, token: str) -> None:
    """R66: a text of ours is logged; of a foreign exception only type and place, as its text may hold a secret."""
    world.ring.fault = StoreUnavailable("DynamoDB GetItem: TimeoutError")
    outcome(authorizer_event("rest_token", token))
    world.ring.fault = ValueError("Invalid header value b'session-token'")
    outcome(authorizer_event("rest_token", token))
    ours, foreign = world.lines()
    assert ours["detail"] == "DynamoDB GetItem: TimeoutError"
    assert "detail" not in foreign
    assert "stub_key_ring.py:" in foreign["place"]
    assert ours["api"] == foreign["api"] == "rest_token"


def test_raised_fault_tells_nothing(world: AuthorizerWorld, token: str) -> None:
    """R66: Lambda writes a raised error to the log: it carries neither cause nor text of what went wrong."""
    world.ring.fault = RuntimeError("secret")
    with pytest.raises(AuthorizerFault) as raised:
        lambda_handler(authorizer_event("rest_token", token), None)
    assert raised.value.__suppress_context__
    assert str(raised.value) == "the authorizer could not decide; its log says why"


@pytest.mark.parametrize("event", [None, {}, [], {"version": "2.0", "routeKey": "GET /x"}, {"type": "TOKEN"}])
def test_foreign_event_is_500(world: AuthorizerWorld, event: Any) -> None:
    """An event of another source than API Gateway gets no answer."""
    assert outcome(event) == "500"
    assert [line["fault"] for line in world.lines()] == ["UnknownEvent"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_holds_any_part_of_a_token(world: AuthorizerWorld, token: str, kind: str) -> None:
    """R66: neither an allowed nor a refused token leaves its payload or signature in a line."""
    for raw in (token, token[:-4] + "AAAA", make_token(claims={"exp": NOW - 100})):
        outcome(authorizer_event(kind, raw))
        lines = str(world.lines())
        assert not any(part in lines for part in raw.split("."))


def test_wrong_environment_is_500_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong variable lets nobody in, and the log names it."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("ACCESS_RULES", "{}")
    bootstrap.cache_clear()
    assert outcome(authorizer_event("http_2.0", "a.b.c")) == "500"
    assert "ACCESS_RULES: apis is not a JSON object" in capsys.readouterr().out


def test_environment_makes_one_authorizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The composition root builds once, and opens nothing; a wrong endpoint is named."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
    bootstrap.cache_clear()
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL"):
        bootstrap()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert bootstrap() is bootstrap()
    bootstrap.cache_clear()


def test_decisions_are_counted_and_written_once_a_minute(world: AuthorizerWorld, token: str) -> None:
    """Faults are counted apart from refusals, since Lambda counts a 401 as an error as well; one line a minute."""
    good = authorizer_event("rest_token", token)
    outcome(good)
    outcome(authorizer_event("rest_token", "nonsense"))
    world.ring.fault = StoreUnavailable("down")
    world.now += 59
    outcome(good)
    world.ring.fault = None
    assert not [line for line in world.lines() if "_aws" in line]
    world.now += 1
    outcome(good)
    outcome(good)
    [line] = [line for line in world.lines() if "_aws" in line]
    assert (line["Allows"], line["Refusals"], line["Faults"], line["FunctionName"]) == (2, 1, 1, "authorizer")


def test_refusals_are_counted_by_api_and_reason(world: AuthorizerWorld) -> None:
    """The line of a minute counts refusals by API and reason, in a field beside the metrics, and begins again."""
    for raw in ("nonsense", "nonsense", make_token(claims={"iat": NOW - 900, "exp": NOW - 100})):
        outcome(authorizer_event("http_2.0", raw))
    for _ in range(2):
        world.metrics.write()
    first, second = [line for line in world.lines() if "_aws" in line]
    assert first["RefusalsByApi"] == {API_ID: {"invalid_token": 2, "token_expired": 1}}
    assert "RefusalsByApi" not in [each["Name"] for each in first["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert "RefusalsByApi" not in second


@pytest.mark.parametrize(
    ("percent", "logged"), [(0, []), (1, [0]), (10, [0, 10]), (50, list(range(0, 20, 2))), (100, list(range(20)))]
)
def test_a_sample_of_the_allowed_requests_is_logged(
    world: AuthorizerWorld, token: str, percent: int, logged: list[int]
) -> None:
    """The sample is evenly spread, begins with the first request and is empty at 0; each request is counted."""
    world.allow_log = AllowLog(percent)
    lines = []
    for _ in range(20):
        outcome(authorizer_event("http_2.0", token))
        lines.append([line["event"] for line in world.lines()])
    assert [number for number, events in enumerate(lines) if events] == logged
    world.metrics.write()
    assert world.lines()[0]["Allows"] == 20


@pytest.mark.parametrize("percent", [1, 7, 50, 99])
def test_the_sample_stays_as_large_as_it_was_asked_to_be(world: AuthorizerWorld, token: str, percent: int) -> None:
    """Exactly ten times the percentage of a thousand allowed requests is logged: rounding errors do not add up."""
    log, request = AllowLog(percent), parse_request(authorizer_event("http_2.0", token))
    allowed = world.authorize(request)
    for _ in range(1000):
        log.record(request, allowed)
    assert len(world.lines()) == 10 * percent


def test_a_line_of_metrics_is_in_the_embedded_format(world: AuthorizerWorld, token: str) -> None:
    """CloudWatch finds namespace, dimension, milliseconds, and the unit of each value; the next is a minute on."""
    outcome(authorizer_event("http_2.0", token))
    world.lines()
    world.now += 60
    world.begin()
    assert world.metrics.due
    world.metrics.write()
    [line] = world.lines()
    assert line == {
        "_aws": {
            "Timestamp": (NOW + 60) * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Keyturn",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": "Allows", "Unit": "Count"}, {"Name": "OldestView", "Unit": "Percent"}],
                }
            ],
        },
        "FunctionName": "authorizer",
        "OldestView": 0.0,
        "Allows": 1,
    }
    world.now += 59
    world.begin()
    assert not world.metrics.due
    world.now += 1
    world.begin()
    assert world.metrics.due
