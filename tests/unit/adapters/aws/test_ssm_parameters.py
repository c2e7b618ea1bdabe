"""A parameter, read as boto3 reads it."""

from __future__ import annotations

import pytest

from keyturn.adapters.aws.ssm_parameters import SsmParameters, ssm_origin
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled
from tests.fakes.scripted_connection import Answer, ScriptedConnections

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


def parameter(*answers: Answer) -> tuple[SsmParameters, ScriptedConnections]:
    """Return a client of a service that gives these answers, and what it is asked."""
    connections = ScriptedConnections(*answers)
    return SsmParameters("https://ssm.example", ENVIRON, lambda: 1_790_000_000, connections), connections


def test_the_value_of_a_string_is_returned() -> None:
    """GetParameter is asked by the name, in SSM's version of the protocol, with a signature for ssm."""
    client, connections = parameter(Answer(200, {"Parameter": {"Type": "String", "Value": "{}"}}))
    assert client.value("/rules") == "{}"
    [(headers, body)] = connections.requests
    assert body == {"Name": "/rules"}
    assert headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert "/eu-central-1/ssm/aws4_request" in headers["Authorization"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(400, {"__type": "ParameterNotFound"}), StoreUnavailable),
        (Answer(400, {"__type": "AccessDeniedException"}), AccessDenied),
        (Answer(400, {"__type": "ThrottlingException"}), Throttled),
        (Answer(200, {"Parameter": {"Type": "SecureString", "Value": "AQIC"}}), StoreUnavailable),
        (Answer(200, {"Parameter": {"Type": "String"}}), StoreUnavailable),
        (Answer(200, {"Parameter": "{}"}), StoreUnavailable),
        (Answer(200, {}), StoreUnavailable),
    ],
)
def test_anything_else_is_an_error_that_names_ssm(answer: Answer, error: type[Exception]) -> None:
    """A parameter of another type and a malformed response are faults."""
    client, _ = parameter(answer, answer)
    with pytest.raises(error, match=r"^SSM GetParameter: "):
        client.value("/rules")


def test_the_origin_is_the_regions_or_the_environments() -> None:
    """AWS_ENDPOINT_URL_SSM goes before AWS_ENDPOINT_URL, and both before the Region's endpoint."""
    assert ssm_origin(ENVIRON) == "https://ssm.eu-central-1.amazonaws.com"
    assert ssm_origin(ENVIRON | {"AWS_ENDPOINT_URL": "http://localhost:1"}) == "http://localhost:1"
    both = {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_ENDPOINT_URL_SSM": "http://localhost:2"}
    assert ssm_origin(ENVIRON | both) == "http://localhost:2"
