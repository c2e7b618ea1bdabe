"""A signature that AWS refuses for its time is made once more by the time that AWS says (SigV4)."""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis.strategies import integers, sampled_from

from keyturn.adapters.aws import http
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.json_service import JsonService
from keyturn.adapters.aws.ssm_parameters import SsmParameters
from keyturn.domain.errors import AccessDenied, StoreUnavailable
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.fakes.token_factory import NOW

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
SERVICES = pytest.mark.parametrize("service", [DynamoDb, SsmParameters])
FIVE_MINUTES = 300
REFUSALS = {
    "InvalidSignatureException": "Signature {}: 20260921T141320Z is now {} than 20260921T141821Z (… - 5 min.)",
    "RequestTimeTooSkewed": "The difference between the request time and the current time is too large.",
    "RequestExpired": "Request has expired.",
}


class AwsWithAClock(http.HttpConnection):
    """A service that takes no signature that is more than five minutes off; `date` replaces its Date header."""

    def __init__(self) -> None:
        super().__init__("https://aws.invalid", 1)
        self.now = float(NOW)
        self.kind = "InvalidSignatureException"
        self.date: str | None = "true"
        self.requests = 0

    def __call__(self, origin: str) -> http.HttpConnection:
        return self

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        self.requests += 1
        signed = calendar.timegm(time.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        date = formatdate(self.now, usegmt=True) if self.date == "true" else self.date
        if abs(signed - self.now) <= FIVE_MINUTES:
            return Answer(200, {}, date)
        words = ("expired", "earlier") if signed < self.now else ("not yet current", "still later")
        return Answer(400, {"__type": f"x#{self.kind}", "message": REFUSALS[self.kind].format(*words)}, date)


class Machine:
    """A machine whose wall clock is `off` seconds from AWS's."""

    def __init__(self, service: type[JsonService], off: float) -> None:
        self.off = off
        self.aws = AwsWithAClock()
        self.client = service("https://aws.invalid", ENVIRON, lambda: self.aws.now + self.off, self.aws)

    def call(self) -> int:
        """Call once; return how many requests that took."""
        before = self.aws.requests
        with aws_errors("a call"):
            self.client.call("Anything", {})
        return self.aws.requests - before


@SERVICES
@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("off", [-86_400.0, -301.5, 302.0, 7200.0])
def test_a_call_by_a_wrong_clock_is_signed_once_more(service: type[JsonService], kind: str, off: float) -> None:
    """R61: a wrong clock costs one more request at the first call, and none later."""
    machine = Machine(service, off)
    machine.aws.kind = kind
    assert [machine.call() for _ in range(3)] == [2, 1, 1]


@SERVICES
@pytest.mark.parametrize("off", [-299.0, 0.0, 299.0])
def test_a_clock_that_aws_accepts_costs_nothing(service: type[JsonService], off: float) -> None:
    """A clock that is off by less than five minutes needs no correction."""
    machine = Machine(service, off)
    assert [machine.call() for _ in range(2)] == [1, 1]


@SERVICES
@pytest.mark.parametrize("later", [0.0, 3600.0, -3600.0])
def test_a_clock_that_is_put_right_later_corrects_itself(service: type[JsonService], later: float) -> None:
    """The kept difference is then wrong: AWS refuses it once, and the next call is right."""
    machine = Machine(service, -7200.0)
    assert machine.call() == 2
    machine.off = later
    assert [machine.call() for _ in range(2)] == [2, 1]


@SERVICES
@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "yesterday",
        "Mon, 99 Sep 2026 14:13:20 GMT",
        "Mon, 31 Sep 2026 14:13:20 GMT",
        "Sun, 29 Feb 2026 14:13:20 GMT",
        "Mon, 21 Sep 2026 99:13:20 GMT",
        "Mon, 21 Sep 20260921 14:13:20 GMT",
        "Mon, 21 Sep -026 14:13:20 GMT",
        "Mon, 21 Month 2026 14:13:20 GMT",
        "2026-09-21T14:13:20Z",
    ],
)
def test_without_a_usable_date_it_is_denied_at_once(service: type[JsonService], date: str | None) -> None:
    """A refusal without a Date is an error, and leaves the next call's time unchanged."""
    machine = Machine(service, -3600.0)
    machine.aws.date = date
    with pytest.raises(AccessDenied):
        machine.call()
    assert machine.aws.requests == 1
    machine.off = 0.0
    assert machine.call() == 1


@SERVICES
def test_a_second_refusal_is_the_last(service: type[JsonService]) -> None:
    """A Date that AWS then refuses itself is wrong: the next call begins by the machine's clock."""
    machine = Machine(service, -3600.0)
    machine.aws.date = "Sun, 06 Nov 1994 08:49:37 GMT"
    with pytest.raises(AccessDenied):
        machine.call()
    assert machine.aws.requests == 2
    machine.off = 0.0
    assert machine.call() == 1


@pytest.mark.parametrize("date", ["Mon, 21 Sep 2026 14:13:20 GMT", "Mon, 21 Sep 2026 14:14:20 GMT"])
def test_a_date_that_agrees_with_the_signature_corrects_nothing(date: str) -> None:
    """A refusal whose Date is the time that was signed with is denied at once: the clock is not the reason."""
    refusal = Answer(400, {"__type": "RequestExpired", "Message": "Request has expired."}, date)
    connections = ScriptedConnections(refusal)
    with pytest.raises(AccessDenied, match=r"^DynamoDB GetItem: RequestExpired$"), aws_errors("DynamoDB GetItem"):
        DynamoDb("https://aws.invalid", ENVIRON, lambda: NOW, connections).call("GetItem", {})


@pytest.mark.parametrize(
    "answer",
    [
        {"message": "The request signature we calculated does not match the signature you provided."},
        {"Message": "Credential should be scoped to a valid region. Signature expired"},
        {"message": ["Signature expired"]},
        {"message": None},
        {},
    ],
)
def test_a_wrong_key_is_no_wrong_clock(answer: dict[str, object]) -> None:
    """A signature that is refused for another reason is denied at once, whatever its Date is."""
    refusal = Answer(403, {"__type": "InvalidSignatureException", **answer}, "Mon, 21 Sep 2026 16:13:20 GMT")
    connections = ScriptedConnections(refusal)
    with pytest.raises(AccessDenied, match=r"InvalidSignatureException$"), aws_errors("DynamoDB GetItem"):
        DynamoDb("https://aws.invalid", ENVIRON, lambda: NOW, connections).call("GetItem", {})


def test_the_message_is_found_in_either_spelling() -> None:
    """AWS's services write `message` or `Message`."""
    for name in ("message", "Message"):
        refusal = {"__type": "InvalidSignatureException", name: "Signature expired: now earlier"}
        script = ScriptedConnections(Answer(400, refusal, "Mon, 21 Sep 2026 16:13:20 GMT"), Answer(200, {}))
        DynamoDb("https://aws.invalid", ENVIRON, lambda: NOW, script).call("GetItem", {})
        assert [headers["X-Amz-Date"] for headers, _ in script.requests] == ["20260921T141320Z", "20260921T161320Z"]


@pytest.mark.parametrize("first", [True, False])
def test_a_refused_clock_and_a_lost_answer_are_two_attempts_in_all(first: bool) -> None:
    """R61: there is time for two attempts, of whatever kind; a correction that came too late is for the next call."""
    refusal = Answer(400, {"__type": "RequestTimeTooSkewed"}, "Mon, 21 Sep 2026 16:13:20 GMT")
    script: list[Answer | Exception] = [refusal, TimeoutError()] if first else [TimeoutError(), refusal]
    connections = ScriptedConnections(*script, Answer(200, {}))
    client = DynamoDb("https://aws.invalid", ENVIRON, lambda: NOW, connections)
    with pytest.raises(StoreUnavailable if first else AccessDenied), aws_errors("DynamoDB GetItem"):
        client.call("GetItem", {})
    assert client.call("GetItem", {}) == {}
    assert connections.requests[-1][0]["X-Amz-Date"] == "20260921T161320Z"


@SERVICES
def test_the_date_of_the_last_answer_is_service_time(service: type[JsonService]) -> None:
    """I7: an answer's Date is service time, whatever the machine's clock says; an answer without one says nothing."""
    machine = Machine(service, -3600.0)
    assert machine.client.date is None
    machine.aws.now += 0.9
    machine.call()
    assert machine.client.date == NOW
    machine.aws.date = None
    machine.call()
    assert machine.client.date is None


@SERVICES
@given(seconds=integers(0, 4_102_444_800) | sampled_from([951_782_399, 951_782_400, 1_709_164_800, 4_107_542_399]))
def test_a_date_is_read_as_the_standard_library_writes_it(service: type[JsonService], seconds: int) -> None:
    """RFC 9110 §5.6.7: each second of each day, leap days among them, comes back as it was written."""
    script = ScriptedConnections(Answer(200, {}, formatdate(seconds, usegmt=True)))
    client = service("https://aws.invalid", ENVIRON, lambda: NOW, script)
    client.call("Any", {})
    assert client.date == seconds
