"""HTTP APIs, by a function that shows what reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws import gateway_probe
from tests.aws.other_api import other_api
from tests.aws.patience import eventually
from tests.aws.raw_http import raw_request
from tests.aws.spare_function import spare_function
from tests.aws.stack import aws
from tests.integration.http import CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.other_api import OtherApi
    from tests.aws.report import Observe

ALONE = pytest.mark.on_aws_alone("an emulator's answer is a choice of its authors")
FORMATS = ("1.0", "2.0")
EMPTY = (200, 204, 303, 304, 400)


@pytest.fixture(scope="module")
def api(stack: StackFile, resources: dict[str, str]) -> Iterator[OtherApi]:
    """Return an API whose backend is the probe; `/1.0` and `/2.0` are behind it as an authorizer too."""
    lambda_ = aws("lambda")
    with spare_function(stack, resources, gateway_probe, Timeout=10) as function:
        lambda_.add_permission(
            FunctionName=function,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        with other_api(
            stack, "probe", IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
        ) as made:
            made.add_open_route("GET /status/{status}")
            for payload in FORMATS:
                add_authorized_route(made, function, payload)
            yield made


def add_authorized_route(api: OtherApi, function: str, payload: str) -> None:
    """Add a route that is named by the payload format of its authorizer, and wait until it is there."""
    partition, region = function.split(":")[1], function.split(":")[3]
    simple = {"EnableSimpleResponses": True} if payload == "2.0" else {}
    url = api.add_route(
        payload,
        "CUSTOM",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
        AuthorizerPayloadFormatVersion=payload,
        AuthorizerResultTtlInSeconds=0,
        **simple,
    )
    status, _ = eventually(lambda: ask(url, "Bearer allow")[0], lambda status: status == 200, seconds=60)
    assert status == 200, f"an authorizer that allows gives {status}"


def ask(url: str, *authorization: str, method: str = "GET") -> tuple[int, str]:
    """Return status and body of a request with these Authorization headers."""
    answer = raw_request(url, method, [("Authorization", each) for each in authorization])
    return answer.status, answer.body


@ALONE
@pytest.mark.open_question("README recommends a REST API where a client must see 401")
@pytest.mark.parametrize("payload", FORMATS)
def test_the_exception_unauthorized_is_401(api: OtherApi, payload: str, observe: Observe) -> None:
    """An authorizer that raises `Unauthorized` gives 401 on an HTTP API, by either payload format (R57)."""
    answer = CLIENT.get(f"{api.url}/{payload}", headers={"Authorization": gateway_probe.RAISES})
    observe(
        payload=payload,
        status=answer.status_code,
        body=answer.text[:100],
        challenge=answer.headers.get("www-authenticate"),
    )
    assert answer.status_code == 401


@ALONE
@pytest.mark.open_question("a header that has two values is refused in every form")
@pytest.mark.parametrize("payload", FORMATS)
def test_a_repeated_header_is_joined_by_a_comma(api: OtherApi, payload: str, observe: Observe) -> None:
    """Two Authorization headers reach an authorizer as one value, with a comma between (R56, G9)."""
    status, body = ask(f"{api.url}/{payload}", "Bearer one", "Bearer two")
    observe(payload=payload, status=status, seen=body)
    assert body == "GET Bearer one,Bearer two"


@ALONE
@pytest.mark.open_question("the access rules refuse a method that no rule has")
def test_a_method_in_lower_case_has_no_route(api: OtherApi, observe: Observe) -> None:
    """`get` is another method than GET for an HTTP API, which has no route for it (R58)."""
    status, body = ask(f"{api.url}/2.0", "Bearer allow", method="get")
    observe(status=status, body=body[:100])
    assert status in {403, 404, 405}


@ALONE
@pytest.mark.open_question("the issuer states the type of each answer that a client parses")
def test_an_answer_without_a_type_gets_none(api: OtherApi, observe: Observe) -> None:
    """An empty answer without a content type reaches the client without one (R21)."""
    answers = {status: CLIENT.get(f"{api.url}/status/{status}", follow_redirects=False) for status in EMPTY}
    types = {status: answer.headers.get("content-type", "none") for status, answer in answers.items()}
    observe(
        types=types,
        bytes={status: len(answer.content) for status, answer in answers.items()},
        statuses=[answer.status_code for answer in answers.values()],
    )
    assert set(types.values()) == {"none"}
