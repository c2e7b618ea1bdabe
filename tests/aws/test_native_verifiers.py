"""API Gateway's own verifier, and an API that the authorizer does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws.other_api import other_api
from tests.aws.patience import eventually
from tests.aws.stack import aws
from tests.integration.http import call, get_token, post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.other_api import OtherApi
    from tests.aws.report import Observe

pytestmark = pytest.mark.on_aws_alone("the emulator has no JWT authorizer, and checks no permission to invoke")


@pytest.fixture(scope="module")
def jwks_api(stack: StackFile) -> Iterator[OtherApi]:
    """Return an API beside the stack's, in front of the JWKS."""
    jwks = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET", "IntegrationUri": stack.outputs["JwksUrl"]}
    with other_api(stack, "jwks", **jwks, PayloadFormatVersion="1.0") as api:
        yield api


@pytest.fixture(scope="module")
def native(stack: StackFile, jwks_api: OtherApi) -> str:
    """Return the URL of a route behind API Gateway's own JWT authorizer."""
    configuration = {"Issuer": stack.issuer, "Audience": [stack.audience]}
    return jwks_api.add_route("native", "JWT", AuthorizerType="JWT", JwtConfiguration=configuration)


def test_the_native_jwt_authorizer_takes_our_tokens(stack: StackFile, native: str, observe: Observe) -> None:
    """An HTTP API's JWT authorizer finds our keys by discovery, lets our tokens in and others not (R51, R52)."""
    token = get_token(stack)
    header, payload, signature = token.split(".")
    good, waited = eventually(lambda: call(native, token).status_code, lambda status: status == 200, seconds=90)
    bad = call(native, f"{header}.{payload}.{signature[::-1]}")
    seen = {"ours": good, "tampered": bad.status_code, "none": call(native, None).status_code}
    observe(statuses=seen, after_seconds=waited, challenge=bad.headers.get("www-authenticate"))
    assert seen == {"ours": 200, "tampered": 401, "none": 401}


def test_the_native_jwt_authorizer_honours_no_revocation(stack: StackFile, native: str, observe: Observe) -> None:
    """A revoked token still passes an HTTP API's JWT authorizer: it is documented as what is not promised."""
    token = get_token(stack)
    assert post(stack, "revoke", token=token).status_code == 200
    status, _ = eventually(lambda: call(native, token).status_code, lambda status: status == 200, seconds=30)
    observe(status=status)
    assert status == 200


def test_another_api_may_not_use_the_authorizer(stack: StackFile, jwks_api: OtherApi, observe: Observe) -> None:
    """An API without a permission of its own cannot invoke the authorizer, and answers 500 (G11)."""
    region = aws("lambda").meta.region_name
    partition = stack.outputs["AuthorizerArn"].split(":")[1]
    path = f"lambda:path/2015-03-31/functions/{stack.outputs['AuthorizerArn']}/invocations"
    url = jwks_api.add_route(
        "stranger",
        "CUSTOM",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"arn:{partition}:apigateway:{region}:{path}",
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=0,
    )
    token = get_token(stack)
    status, waited = eventually(lambda: call(url, token).status_code, lambda status: status != 404, seconds=60)
    observe(status=status, after_seconds=waited)
    assert status == 500
