"""Connections of our clients that hand each request to moto, as bytes and without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import BotocoreStubber

from keyturn.adapters.aws import http
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.kms import Kms
from keyturn.adapters.aws.system_clock import wall_seconds

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
_HOSTS = {"DynamoDB_20120810": "dynamodb.eu-central-1.amazonaws.com", "TrentService": "kms.eu-central-1.amazonaws.com"}


def moto_answer(headers: dict[str, str], body: bytes, now: float) -> http.Answer:
    """Return moto's answer to a request of AWS's JSON protocol, with `now` as its Date."""
    host = _HOSTS[headers["X-Amz-Target"].partition(".")[0]]
    sent: Any = HTTPHeaders.from_dict(headers | {"Host": host})
    answer = BotocoreStubber().process_request(AWSPreparedRequest("POST", f"https://{host}/", sent, body, False))
    assert answer is not None
    status, _, content = answer
    return http.Answer(
        status, formatdate(now, usegmt=True), content.encode() if isinstance(content, str) else bytes(content)
    )


_ONE_AT_A_TIME = Lock()


def answer_by_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each connection of our clients reach moto, for functions that compose their clients themselves."""

    def post(_connection: http.HttpConnection, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        with _ONE_AT_A_TIME:
            return moto_answer(dict(headers), body, wall_seconds())

    monkeypatch.setattr(http.HttpConnection, "post", post)


def run_on_moto(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Set a function's environment, with the Region and credentials of boto3, and let its clients reach moto."""
    aws = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    for name, value in {**environment, **aws, "AWS_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(name, value)
    answer_by_moto(monkeypatch)


class MotoConnections:
    """Opens connections to moto, which answers one request after the other; `now` is the Date of its answers.

    `requests` holds what was sent, headers and body. A test sets `lose` to an operation: its next answer is lost, after
    moto has done what was asked.
    """

    def __init__(self, now: Callable[[], float] = lambda: 1_790_000_000) -> None:
        self.now = now
        self.lose = ""
        self.requests: list[tuple[dict[str, str], Any]] = []
        self._lock = Lock()

    def __call__(self, origin: str) -> http.HttpConnection:
        """Open one more connection."""
        return _MotoConnection(self)

    @property
    def operations(self) -> list[str]:
        """The operations that were sent, each attempt of them."""
        return [headers["X-Amz-Target"].partition(".")[2] for headers, _ in self.requests]

    def answer(self, headers: dict[str, str], body: bytes) -> http.Answer:
        """Return moto's answer; raises TimeoutError if it is the one to lose."""
        with self._lock:
            self.requests.append((headers, json.loads(body)))
            answer = moto_answer(headers, body, self.now())
            if self.lose == self.operations[-1]:
                self.lose = ""
                raise TimeoutError
        return answer


class _MotoConnection(http.HttpConnection):
    def __init__(self, connections: MotoConnections) -> None:
        super().__init__("https://moto.invalid", 1)
        self._connections = connections

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        return self._connections.answer(dict(headers), body)


class HttpDynamoDb(DynamoDb):
    """Our client on moto; operations that it lacks, by which a test prepares and looks, are boto3's."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.connections = MotoConnections(wall_seconds)
        super().__init__("https://dynamodb.example", ENVIRON, wall_seconds, self.connections, lambda seconds: None)
        self._boto3 = client

    def __getattr__(self, name: str) -> Any:
        """Return a method of ours, else one of boto3's client."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._boto3, name)


def http_dynamodb(client: DynamoDBClient) -> DynamoDBClient:
    """Return our client of the DynamoDB in this process that boto3's client has."""
    return cast("DynamoDBClient", HttpDynamoDb(client))


def http_kms() -> KMSClient:
    """Return our client of the KMS in this process."""
    return cast("KMSClient", Kms("https://kms.example", ENVIRON, wall_seconds, MotoConnections(), lambda seconds: None))
