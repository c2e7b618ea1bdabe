"""Our clients beside boto3's, on the same answers: the same attempts, errors and results."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.model import OperationModel
from botocore.retries import standard
from botocore.session import get_session

from keyturn.adapters.aws import call_limits, http
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.aws.errors import aws_errors, error_code
from keyturn.adapters.aws.json_service import JsonService
from keyturn.adapters.aws.kms import Kms
from keyturn.adapters.aws.service_errors import response_errors
from keyturn.adapters.aws.transactions import failed_conditions
from keyturn.domain.errors import KeyturnError

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
REQUESTS: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "get_item"): {"TableName": "t", "Key": {"pk": {"S": "a"}}, "ConsistentRead": True},
    ("dynamodb", "batch_get_item"): {"RequestItems": {"t": {"Keys": [{"pk": {"S": "ä"}}]}}},
    ("dynamodb", "query"): {"TableName": "t", "KeyConditionExpression": "pk = :pk"},
    ("dynamodb", "put_item"): {"TableName": "t", "Item": {"pk": {"S": 'a "quoted" one'}, "n": {"N": "1"}}},
    ("dynamodb", "update_item"): {"TableName": "t", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET a = :a"},
    ("dynamodb", "delete_item"): {"TableName": "t", "Key": {"pk": {"S": "a"}}},
    ("dynamodb", "transact_write_items"): {
        "TransactItems": [{"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}, "on": {"BOOL": True}}}}],
        "ClientRequestToken": "token",
    },
    ("kms", "sign"): {
        "KeyId": "arn",
        "Message": bytes(range(256)),
        "MessageType": "RAW",
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
    ("kms", "generate_mac"): {"KeyId": "arn", "Message": b"\x00\xff", "MacAlgorithm": "HMAC_SHA_256"},
}
_THROTTLED: Any = standard.ThrottledRetryableChecker
_TRANSIENT: Any = standard.TransientRetryableChecker
OURS: dict[str, type[JsonService]] = {"dynamodb": DynamoDb, "kms": Kms}
# Codes that any service of AWS may answer with, and some that none does.
COMMON = [
    *("AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException", "IncompleteSignature"),
    *("InternalFailure", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    *("OptInRequired", "RequestExpired", "ServiceUnavailable", "ServiceUnavailableException", "ValidationException"),
    *("UnrecognizedClientException", "UnknownOperationException", "SerializationException", "NotAuthorized"),
    *_THROTTLED._THROTTLED_ERROR_CODES,
    *_TRANSIENT._TRANSIENT_ERROR_CODES,
    *(
        "com.amazon.coral.service#ThrottlingException",
        "ThrottlingException:http://internal.amazon.com/",
        "",
        "500",
        "é",
    ),
]
CALLS = pytest.mark.parametrize(("service", "method"), REQUESTS, ids=lambda each: each)


class Outcome(NamedTuple):
    """The domain's error, race or result that an adapter meets, and how many requests that took."""

    what: object
    attempts: int


class Body(io.BytesIO):
    """The body of an answer, as urllib3 streams it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Boto3:
    """boto3's client of a service, which gets one answer again and again."""

    def __init__(self, service: str) -> None:
        self.answer = http.Answer(200, None, b"{}")
        self.sent: list[Any] = []
        connect: Any = boto3.client
        self.client: Any = connect(
            service,
            region_name="eu-central-1",
            aws_access_key_id=ENVIRON["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRON["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"mode": "standard", "total_max_attempts": call_limits.ATTEMPTS}),
        )
        self.client.meta.events.register(f"before-send.{service}", self._respond)

    def _respond(self, request: Any, **_event: Any) -> AWSResponse:
        self.sent.append(request)
        headers: Any = HTTPHeaders.from_dict({"Date": self.answer.date} if self.answer.date else {})
        return AWSResponse(request.url, self.answer.status, headers, Body(self.answer.body))


class Ours(http.HttpConnection):
    """Our client of a service, which gets one answer again and again."""

    def __init__(self, service: str) -> None:
        super().__init__("https://aws.invalid", 1)
        self.answer = http.Answer(200, None, b"{}")
        self.sent: list[tuple[Mapping[str, str], bytes]] = []
        self.client: Any = OURS[service]("https://aws.invalid", ENVIRON, lambda: 1_790_000_000, lambda origin: self)

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        self.sent.append((headers, body))
        return self.answer


@cache
def boto3_of(service: str) -> Boto3:
    return Boto3(service)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore repeat at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    # These tests alone would use up its quota of retries.
    monkeypatch.setattr(standard.RetryQuotaChecker, "acquire_retry_quota", lambda self, context: True)


def meet(side: Boto3 | Ours, method: str, request: dict[str, Any], answer: http.Answer) -> Outcome:
    """Return what an adapter makes of the answer."""
    side.answer = answer
    side.sent.clear()
    try:
        with aws_errors("the call"):
            found = dict(getattr(side.client, method)(**request))
    except KeyturnError as fault:
        return Outcome((type(fault), str(fault)), len(side.sent))
    except response_errors() as race:
        code, response = error_code(race), race.response
        is_named = isinstance(race, getattr(side.client.exceptions, code, Exception))
        retries = response["ResponseMetadata"]["RetryAttempts"]
        if code != "TransactionCanceledException":
            return Outcome((code, response.get("Item"), retries, is_named), len(side.sent))
        try:
            return Outcome((code, failed_conditions(race, "it")), len(side.sent))
        except KeyturnError as fault:
            return Outcome((code, type(fault), str(fault)), len(side.sent))
    return Outcome({name: value for name, value in found.items() if name != "ResponseMetadata"}, len(side.sent))


def both(service: str, method: str, answer: http.Answer) -> tuple[Outcome, Outcome]:
    """Return the outcomes of one answer by boto3's client and by ours."""
    request = REQUESTS[service, method]
    return meet(boto3_of(service), method, request, answer), meet(Ours(service), method, request, answer)


def operation_of(service: str, method: str) -> OperationModel:
    """Return botocore's model of an operation."""
    model = get_session().get_service_model(service)
    return model.operation_model("".join(part.capitalize() for part in method.split("_")))


@CALLS
@pytest.mark.parametrize("status", [400, 500])
def test_each_error_of_the_service_is_the_same_fault(service: str, method: str, status: int) -> None:
    """Each error of botocore's model, and of AWS in general, is tried as often and becomes the same error."""
    codes = [shape.name for shape in operation_of(service, method).error_shapes]
    for code in [*codes, *COMMON]:
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "a text"}, ensure_ascii=False).encode()
        boto, ours = both(service, method, http.Answer(status, None, body))
        assert ours == boto, code


@CALLS
@pytest.mark.parametrize("status", [301, 400, 403, 404, 413, 429, 500, 502, 503, 504, 507])
@pytest.mark.parametrize("body", [b"{}", b"", b"<html>", b'{"message": "only"}'])
def test_an_answer_without_a_code_is_the_same_fault(service: str, method: str, status: int, body: bytes) -> None:
    """An error of a proxy before AWS, in whatever form, is tried as often and becomes the same error."""
    boto, ours = both(service, method, http.Answer(status, None, body))
    assert ours == boto


ITEM = {"pk": {"S": "a"}, "n": {"N": "12"}, "l": {"L": [{"M": {"x": {"NULL": True}}}]}, "s": {"SS": ["a", "b"]}}


@pytest.mark.parametrize("method", ["put_item", "update_item", "delete_item"])
@pytest.mark.parametrize("stored", [{"Item": ITEM}, {}])
def test_a_failed_condition_has_the_stored_item(method: str, stored: dict[str, Any]) -> None:
    """ReturnValuesOnConditionCheckFailure: an adapter reads the item of the winner from the error."""
    body = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"} | stored
    boto, ours = both("dynamodb", method, http.Answer(400, None, json.dumps(body).encode()))
    assert ours == boto == Outcome(("ConditionalCheckFailedException", stored.get("Item"), 0, True), 1)


@pytest.mark.parametrize(
    "reasons",
    [
        [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ITEM, "Message": "no"}],
        [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}],
        [{"Code": "TransactionConflict"}, {"Code": "None"}],
        [{"Code": "ThrottlingError"}],
        [{"Code": "ProvisionedThroughputExceeded"}, {"Code": "ValidationError"}],
        [{"Code": "ItemCollectionSizeLimitExceeded"}],
        [],
    ],
)
def test_a_cancelled_transaction_has_its_reasons(reasons: list[dict[str, Any]]) -> None:
    """The causes of a cancelled transaction, with the stored items, lead to the same decision."""
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    body = {"__type": kind, "Message": "no", "CancellationReasons": reasons}
    boto, ours = both("dynamodb", "transact_write_items", http.Answer(400, None, json.dumps(body).encode()))
    assert ours == boto
    assert ours.attempts == 1


@CALLS
def test_the_same_request_is_sent(service: str, method: str) -> None:
    """Body, target and content type of a request are those of botocore, blobs among them."""
    answer = http.Answer(200, None, b"{}")
    request = REQUESTS[service, method]
    boto, ours = boto3_of(service), Ours(service)
    meet(boto, method, request, answer)
    meet(ours, method, request, answer)
    [(headers, body)] = ours.sent
    [sent] = boto.sent
    assert json.loads(body) == json.loads(sent.body)
    assert [headers[name] for name in ("X-Amz-Target", "Content-Type")] == [
        sent.headers[name].decode() if isinstance(sent.headers[name], bytes) else sent.headers[name]
        for name in ("X-Amz-Target", "Content-Type")
    ]


def test_blobs_of_answers_are_bytes() -> None:
    """Members that botocore's model calls blobs come as bytes, for each operation of ours; DynamoDB has none."""
    for (service, method), _ in REQUESTS.items():
        shape = operation_of(service, method).output_shape
        assert shape is not None
        blobs = {name for name, member in shape.members.items() if member.type_name == "blob"}
        assert blobs <= set(OURS[service].blobs)
    for method, name in (("sign", "Signature"), ("generate_mac", "Mac")):
        body = json.dumps({"KeyId": "arn", name: "AP8Q+g=="}).encode()
        boto, ours = both("kms", method, http.Answer(200, None, body))
        assert ours == boto == Outcome({"KeyId": "arn", name: b"\x00\xff\x10\xfa"}, 1)


@pytest.mark.parametrize("service", OURS)
def test_no_operation_is_left_out(service: str) -> None:
    """Each operation of ours is compared here, and those with an idempotency token get one as in botocore."""
    methods = {method for each, method in REQUESTS if each == service}
    compared = {operation_of(service, method).name for method in methods}
    assert compared == OURS[service].operations | ({"TransactWriteItems"} if service == "dynamodb" else set())
    for method in methods:
        operation = operation_of(service, method)
        sent = _sent_without_token(service, method)
        assert all(len(sent[name]) == 32 for name in operation.idempotent_members)
        assert _sent_without_token(service, method) != sent or not operation.idempotent_members


def _sent_without_token(service: str, method: str) -> dict[str, Any]:
    ours = Ours(service)
    request = {name: value for name, value in REQUESTS[service, method].items() if name != "ClientRequestToken"}
    meet(ours, method, request, http.Answer(200, None, b"{}"))
    [(_, body)] = ours.sent
    found: dict[str, Any] = json.loads(body)
    return found


@CALLS
@pytest.mark.parametrize("fault", [TimeoutError, ConnectionResetError, ConnectionRefusedError, OSError])
def test_a_request_without_an_answer_is_sent_twice(
    monkeypatch: pytest.MonkeyPatch, service: str, method: str, fault: Callable[[], Exception]
) -> None:
    """A lost answer is repeated once for reads and writes alike, with the same body, as botocore does."""
    ours = Ours(service)
    bodies: list[bytes] = []

    def lose(body: bytes, headers: Mapping[str, str]) -> http.Answer:
        bodies.append(body)
        raise fault()

    monkeypatch.setattr(ours, "post", lose)
    what, _ = meet(ours, method, REQUESTS[service, method], http.Answer(200, None, b"{}"))
    assert isinstance(what, tuple)
    assert what[0].__name__ == "StoreUnavailable"
    assert len(bodies) == 2
    assert len(set(bodies)) == 1


def test_the_codes_are_those_of_botocore() -> None:
    """The codes that are tried again are botocore's, and the one of DynamoDB's model that permits it."""
    assert set(_THROTTLED._THROTTLED_ERROR_CODES) == call_limits._THROTTLED_CODES
    transient = set(_TRANSIENT._TRANSIENT_ERROR_CODES)
    assert transient | {"ReplicatedWriteConflictException"} == call_limits._TRANSIENT_CODES
    assert set(_TRANSIENT._TRANSIENT_STATUS_CODES) == call_limits._TRANSIENT_STATUSES
    modelled = {
        shape.name
        for service, method in REQUESTS
        for shape in operation_of(service, method).error_shapes
        if shape.metadata.get("retryable") is not None
    }
    assert modelled == {"ReplicatedWriteConflictException"}
