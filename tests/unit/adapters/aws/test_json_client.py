"""The clients with the methods of boto3's: names, threads, kept connections, pauses and the events of a clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest

from keyturn.adapters.aws import http
from keyturn.adapters.aws.call_limits import CONNECT_TIMEOUT, READ_TIMEOUT
from keyturn.adapters.aws.dynamodb import DynamoDb, open_dynamodb
from keyturn.adapters.aws.kms import Kms, open_kms
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.aws.service_errors import ServiceError
from keyturn.domain.errors import ClockUnavailable, StoreUnavailable
from keyturn.domain.time.service_time import ServiceTime
from keyturn.environment import SettingsError
from tests.fakes.scripted_connection import Answer, ScriptedConnections, failure
from tests.fakes.token_factory import NOW

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
GOOD = Answer(200, {"Item": {}})
AMZ_DATE = "%Y%m%dT%H%M%SZ"


def client(connections: Any, pauses: list[float] | None = None) -> Any:
    pause = None if pauses is None else pauses.append
    return DynamoDb("https://aws.invalid", ENVIRON, lambda: NOW, connections, pause)


def test_a_method_is_an_operation() -> None:
    """`update_item` calls UpdateItem with the members that it is given by name."""
    connections = ScriptedConnections(GOOD, GOOD)
    dynamodb = client(connections)
    assert dynamodb.update_item(TableName="t", Key={}) == {"Item": {}}
    assert dynamodb.update_item(TableName="u") == {"Item": {}}
    [(headers, body), (_, second)] = connections.requests
    assert (headers["X-Amz-Target"], body, second) == (
        "DynamoDB_20120810.UpdateItem",
        {"TableName": "t", "Key": {}},
        {"TableName": "u"},
    )


@pytest.mark.parametrize("name", ["scan", "create_table", "delete_table", "getItem", "__deepcopy__", "x"])
def test_another_operation_does_not_exist(name: str) -> None:
    """A function can call what its client lists: a scan or a change of a table is an error of the program."""
    with pytest.raises(AttributeError, match=f"^DynamoDB has no method {name} here$"):
        getattr(client(ScriptedConnections()), name)


@pytest.mark.parametrize("name", ["create_key", "schedule_key_deletion", "verify", "decrypt"])
def test_keys_are_used_and_never_managed(name: str) -> None:
    """The client of KMS cannot manage keys: that is the rotator's."""
    kms = Kms("https://aws.invalid", ENVIRON, lambda: NOW, ScriptedConnections())
    assert not hasattr(kms, name)


@pytest.mark.parametrize("mac", [17, None, "%%%", "QUJ"])
def test_a_mac_that_is_no_base64_is_a_fault(mac: object) -> None:
    """A damaged answer of KMS is a lost one."""
    bad = Answer(200, {"Mac": mac})
    kms = Kms("https://aws.invalid", ENVIRON, lambda: NOW, ScriptedConnections(bad, bad))
    with pytest.raises(StoreUnavailable, match="base64"):
        kms.generate_mac(KeyId="k", Message=b"m")


class Meeting(http.HttpConnection):
    """A connection whose answers wait until as many threads have asked."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__("https://aws.invalid", 1)
        self._barrier = barrier
        self.users: set[int] = set()

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        self._barrier.wait(10)
        self.users.add(threading.get_ident())
        return Answer(200, body)


def test_calls_at_once_have_connections_of_their_own() -> None:
    """Four threads that call at once open four connections, get their own answers, and leave the four for the next."""
    opened: list[Meeting] = []
    barrier = threading.Barrier(4)

    def connect(origin: str) -> http.HttpConnection:
        opened.append(Meeting(barrier))
        return opened[-1]

    dynamodb = client(connect)
    with ThreadPoolExecutor(4) as executor:
        for _ in range(3):
            answers = list(executor.map(lambda name: dynamodb.get_item(TableName=name), "abcd"))
            assert answers == [{"TableName": name} for name in "abcd"]
    assert len(opened) == 4


class Stale(http.HttpConnection):
    """A kept connection that the server has closed."""

    def is_stale(self) -> bool:
        return True

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        raise AssertionError("nothing is sent on it")


def test_nothing_is_sent_on_connections_that_the_server_has_closed() -> None:
    """After a freeze all kept connections are closed: a write is sent once, on a new one."""
    connections = ScriptedConnections(GOOD)
    dynamodb = client(connections)
    dynamodb._idle += [Stale("https://aws.invalid", 1), Stale("https://aws.invalid", 1)]
    dynamodb.put_item(TableName="t")
    assert (connections.opened, len(connections.requests)) == (1, 1)


def test_a_closed_connection_counts_as_a_sent_request() -> None:
    """RetryAttempts: a write on a kept connection without an answer may have been made before the one that fails."""
    refusal = failure("ConditionalCheckFailedException")
    connections = ScriptedConnections(GOOD, ConnectionResetError(), refusal)
    dynamodb = client(connections)
    dynamodb.get_item(TableName="t")
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as raised:
        dynamodb.put_item(TableName="t")
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 1


class Opened(http.HttpConnection):
    """A connection that can be opened, or fails with a fault."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__("https://aws.invalid", 1)
        self._fault = fault

    def open(self) -> Any:
        if self._fault is not None:
            raise self._fault

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        return GOOD


def test_a_connection_that_was_opened_ahead_serves_the_next_call() -> None:
    """A call after `connect` opens no further connection."""
    origins: list[str] = []

    def connect(origin: str) -> http.HttpConnection:
        origins.append(origin)
        return Opened()

    dynamodb = client(connect)
    dynamodb.connect()
    dynamodb.get_item(TableName="t")
    assert origins == ["https://aws.invalid"]


def test_a_connection_that_cannot_be_opened_ahead_is_not_kept() -> None:
    """The fault names the service, and the next call opens a connection of its own."""
    dynamodb = client(lambda origin: Opened(TimeoutError()))
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB: TimeoutError$"):
        dynamodb.connect()
    assert dynamodb._idle == []


def test_a_failed_connection_is_not_kept() -> None:
    """After a time-out an answer may still come: the connection is closed."""
    connections = ScriptedConnections(TimeoutError(), GOOD, GOOD)
    dynamodb = client(connections)
    dynamodb.get_item(TableName="t")
    dynamodb.get_item(TableName="t")
    assert (connections.opened, connections.closed) == (2, 1)


@pytest.mark.parametrize(
    ("outcome", "longest"),
    [
        (TimeoutError(), 0.05),
        (failure("InternalServerError", 500), 0.05),
        (failure("ThrottlingException"), 1.0),
        (failure("ProvisionedThroughputExceededException"), 1.0),
    ],
)
def test_a_pause_of_random_length_is_before_the_second_attempt(outcome: Answer | Exception, longest: float) -> None:
    """Callers who fail at once come back at other times, and later if AWS throttles them."""
    pauses: list[float] = []
    for _ in range(50):
        client(ScriptedConnections(outcome, GOOD), pauses).get_item(TableName="t")
    assert len(set(pauses)) > 40
    assert all(0 <= pause < longest for pause in pauses)
    assert max(pauses) > longest / 2


def test_no_pause_is_before_a_corrected_signature_or_after_the_last_attempt() -> None:
    """A corrected clock helps at once, and a caller waits for a real attempt alone."""
    pauses: list[float] = []
    refusal = Answer(400, {"__type": "RequestTimeTooSkewed"}, formatdate(NOW + 7200, usegmt=True))
    client(ScriptedConnections(refusal, GOOD), pauses).get_item(TableName="t")
    assert pauses == []
    lost = failure("InternalServerError", 500)
    with pytest.raises(ServiceError):
        client(ScriptedConnections(lost, lost), pauses).get_item(TableName="t")
    with pytest.raises(StoreUnavailable):
        client(ScriptedConnections(TimeoutError(), TimeoutError()), pauses).get_item(TableName="t")
    assert len(pauses) == 2


class Clocked:
    """A DynamoDB whose answers take two seconds, and the clock that follows a client of it."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.seconds = 100.0
        self.connections = ScriptedConnections(*script)
        self.client: Any = client(self._connect)
        self.clock = ServiceClock(self.client, lambda: self.seconds, lambda: self.seconds)

    def _connect(self, origin: str) -> http.HttpConnection:
        self.seconds += 2.0
        return self.connections(origin)


def dated(status: int, seconds: float = NOW, **members: object) -> Answer:
    return Answer(status, members, formatdate(seconds, usegmt=True))


@pytest.mark.parametrize("answer", [dated(200), dated(400, __type="ConditionalCheckFailedException"), dated(400)])
def test_each_answer_sets_the_clock(answer: Answer) -> None:
    """I7: the Date of an error counts as that of a result, from the sending of its own request."""
    world = Clocked(answer)
    if answer.status == 200:
        world.client.get_item(TableName="t")
    else:
        with pytest.raises(ServiceError):
            world.client.get_item(TableName="t")
    assert world.clock.now() == ServiceTime(NOW, NOW + 1)


def test_the_last_of_two_attempts_sets_the_clock() -> None:
    """I7: the first attempt's answer never came, or is replaced by that of the second."""
    world = Clocked(TimeoutError(), dated(200))
    world.client.get_item(TableName="t")
    assert world.clock.now() == ServiceTime(NOW, NOW + 1)
    world = Clocked(dated(500, NOW - 60), dated(200))
    world.client.get_item(TableName="t")
    assert world.clock.now() == ServiceTime(NOW, NOW + 1)


@pytest.mark.parametrize("suffix", ["", ".dynamodb", ".dynamodb.GetItem"])
def test_an_event_may_name_the_service(suffix: str) -> None:
    """A handler is registered by the event's name, with or without the service, as in botocore."""
    seen: list[object] = []
    dynamodb = client(ScriptedConnections(Answer(200, {}, "a date")))
    dynamodb.meta.events.register(f"before-send{suffix}", lambda **_event: seen.append("sent"))
    dynamodb.meta.events.register(f"after-call{suffix}", lambda parsed, **_event: seen.append(parsed))
    dynamodb.get_item(TableName="t")
    assert seen == ["sent", {"ResponseMetadata": {"HTTPHeaders": {"date": "a date"}}}]


def test_no_answer_sets_no_clock() -> None:
    """Requests that were only sent say nothing about the time."""
    world = Clocked(TimeoutError(), TimeoutError())
    with pytest.raises(StoreUnavailable):
        world.client.get_item(TableName="t")
    with pytest.raises(ClockUnavailable):
        world.clock.now()


def test_the_clients_of_a_function_wait_as_long_as_boto3s() -> None:
    """R61: half a second for a connection and one for an answer, at the endpoint of the environment."""
    environ = ENVIRON | {"AWS_ENDPOINT_URL_KMS": "https://vpce.example"}
    for made, origin in (
        (open_dynamodb(environ), "https://dynamodb.eu-central-1.amazonaws.com"),
        (open_kms(environ), "https://vpce.example"),
    ):
        opened: Any = made
        connection = opened._connect(origin)
        assert opened._origin == origin
        assert opened._pause is not None
        assert (connection._connect_timeout, connection._timeout) == (CONNECT_TIMEOUT, READ_TIMEOUT) == (0.5, 1.0)


def test_a_clock_that_is_not_corrected_signs_as_it_is() -> None:
    """R61: a refusal of the time without a Date leaves the next signature at the machine's own time."""
    refusal = failure("InvalidSignatureException")
    connections = ScriptedConnections(Answer(400, {"__type": "RequestExpired"}), refusal, GOOD)
    dynamodb = client(connections)
    for _ in range(2):
        with pytest.raises(ServiceError, match=r"^DynamoDB GetItem: (RequestExpired|InvalidSignatureException)$"):
            dynamodb.get_item(TableName="t")
    dynamodb.get_item(TableName="t")
    own = time.strftime(AMZ_DATE, time.gmtime(NOW))
    assert [headers["X-Amz-Date"] for headers, _ in connections.requests] == [own] * 3


@pytest.mark.parametrize(("make", "call"), [(open_dynamodb, "get_item"), (open_kms, "sign")])
def test_the_clients_of_a_function_sign_by_its_role_at_the_present_time(make: Any, call: str) -> None:
    """A function's client takes the credentials of its environment, and the wall clock of its machine."""
    connections, made = ScriptedConnections(Answer(200, {})), make(ENVIRON)
    made._connect = connections
    before = time.strftime(AMZ_DATE, time.gmtime())
    getattr(made, call)()
    [(headers, _)] = connections.requests
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert before <= headers["X-Amz-Date"] <= time.strftime(AMZ_DATE, time.gmtime())


@pytest.mark.parametrize("make", [open_dynamodb, open_kms])
def test_a_wrong_endpoint_is_named(make: Any) -> None:
    """An endpoint over plain http on another machine is refused by the name of its variable."""
    with pytest.raises(SettingsError, match=r"^AWS_ENDPOINT_URL is https://"):
        make(ENVIRON | {"AWS_ENDPOINT_URL": "http://aws.example"})
