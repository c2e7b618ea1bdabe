"""boto3's errors become ours, and nothing else gets through."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.service_errors import service_error
from keyturn.domain.errors import AccessDenied, KeyturnError, KeyUnusable, StoreUnavailable, Throttled

CODES: dict[str, type[KeyturnError]] = {
    "ThrottlingException": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "RequestLimitExceeded": Throttled,
    "TooManyRequestsException": Throttled,
    "AccessDeniedException": AccessDenied,
    "com.amazonaws.kms#AccessDeniedException": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "InvalidSignatureException": AccessDenied,
    "DisabledException": KeyUnusable,
    "KMSInvalidStateException": KeyUnusable,
    "NotFoundException": KeyUnusable,
    "InternalServerError": StoreUnavailable,
    "KMSInternalException": StoreUnavailable,
    "KeyUnavailableException": StoreUnavailable,
    "DependencyTimeoutException": StoreUnavailable,
    "ResourceNotFoundException": StoreUnavailable,
    "LimitExceededException": StoreUnavailable,
    "ValidationException": StoreUnavailable,
    "500": StoreUnavailable,
}


def client_error(code: str) -> ClientError:
    """Return an error of AWS with this code."""
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:secret-thing"}}, "Sign")


@pytest.mark.parametrize("code", CODES)
def test_code_has_its_meaning(code: str) -> None:
    """Each code of AWS becomes one fault, which names the call and the code and repeats no message."""
    with pytest.raises(KeyturnError) as fault, aws_errors("KMS Sign"):
        raise client_error(code)
    assert type(fault.value) is CODES[code]
    assert str(fault.value) == f"KMS Sign: {code.rpartition('#')[2]}"
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
        EndpointConnectionError(endpoint_url="https://x"),
        BotoCoreError(),
    ],
)
def test_no_answer_is_unavailable(error: BotoCoreError) -> None:
    """Time-outs and broken connections say that nothing may be concluded."""
    with pytest.raises(StoreUnavailable, match=type(error).__name__), aws_errors("KMS Sign"):
        raise error


@pytest.mark.parametrize(
    "error", [NoCredentialsError(), PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")]
)
def test_missing_credentials_are_denied(error: BotoCoreError) -> None:
    """An operator has to look after a function without all of its credentials."""
    with pytest.raises(AccessDenied, match=rf"^KMS Sign: {type(error).__name__}$"), aws_errors("KMS Sign"):
        raise error


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailedException", "TransactionCanceledException", "TransactionInProgressException"]
)
def test_decided_races_are_left_to_the_caller(code: str) -> None:
    """A failed condition is an answer, not a fault."""
    with pytest.raises(ClientError), aws_errors("DynamoDB"):
        raise client_error(code)


def test_faults_of_our_own_pass() -> None:
    """The domain's own errors pass unchanged."""
    with pytest.raises(Throttled, match=r"^ours$"), aws_errors("x"):
        raise Throttled("ours")


@pytest.mark.parametrize("response", [{}, {"Error": {}}])
def test_an_answer_without_a_code_is_no_conclusion(response: Any) -> None:
    """An error that names no cause counts as one without an answer."""
    with pytest.raises(StoreUnavailable, match=r"^KMS Sign: Unknown$"), aws_errors("KMS Sign"):
        raise ClientError(response, "Sign")


def test_an_error_is_read_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without boto3 maps its own client's errors, and lets any other exception through."""
    monkeypatch.delitem(sys.modules, "botocore.exceptions")
    error = service_error("DynamoDB GetItem", 400, None, {"__type": "x#ThrottlingException", "message": "detail"})
    assert str(error) == "DynamoDB GetItem: ThrottlingException"
    with pytest.raises(Throttled, match=r"^a read: ThrottlingException$"), aws_errors("a read"):
        raise error
    with pytest.raises(KeyError), aws_errors("a read"):
        raise KeyError


def test_an_error_without_members_has_the_shape_of_botocores() -> None:
    """A proxy's answer has neither a type nor a message: its status is the code."""
    assert service_error("KMS Sign", 502, None, {}).response == {
        "Error": {"Code": "502", "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": 502, "HTTPHeaders": {}},
    }
    upper = service_error("KMS Sign", 400, "a date", {"__type": "NotFoundException:http://x", "Message": "text"})
    assert upper.response["Error"] == {"Code": "NotFoundException", "Message": "text"}
    assert upper.response["ResponseMetadata"]["HTTPHeaders"] == {"date": "a date"}
