"""The issuer behind API Gateway."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import jwt
import pytest

from keyturn.adapters.keys.kms_signer import MAX_RAW_BYTES
from tests.aws.patience import eventually
from tests.aws.stack import SCOPES, aws, register_client
from tests.integration.http import CLIENT, ask, call, get_token, post

if TYPE_CHECKING:
    import httpx

    from local.stack_file import StackFile
    from tests.aws.report import Observe


def test_the_challenge_of_a_function_is_renamed(stack: StackFile, observe: Observe) -> None:
    """WWW-Authenticate of a function behind an HTTP API arrives as x-amzn-remapped-www-authenticate (R21)."""
    answer = CLIENT.post(stack.token_endpoint, data={"grant_type": "client_credentials"}, auth=("nobody", "wrong"))
    names = sorted(name for name in answer.headers if name.endswith("www-authenticate"))
    observe(status=answer.status_code, headers=names)
    assert answer.status_code == 401
    assert names == ["x-amzn-remapped-www-authenticate"]


def test_what_no_answer_may_be_without(stack: StackFile, observe: Observe) -> None:
    """Cache-Control: no-store and the security headers of a token response reach the client (R21, R36)."""
    headers = ask(stack).headers
    wanted = ("cache-control", "strict-transport-security", "x-content-type-options", "content-security-policy")
    observe(**{name.replace("-", "_"): headers.get(name) for name in (*wanted, "pragma")})
    assert headers["cache-control"] == "no-store"
    assert set(wanted) <= set(headers)


def test_api_gateway_answers_for_a_path_without_a_route(stack: StackFile, observe: Observe) -> None:
    """An unknown path is API Gateway's own 404, and the issuer is not asked."""
    answer = CLIENT.get(f"{stack.issuer}/oauth2/authorize-nobody")
    observe(status=answer.status_code, body=answer.text[:100])
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_any_brings_every_method_to_the_function(stack: StackFile, observe: Observe) -> None:
    """A route with ANY brings a wrong method to the function, whose 405 names the right one in Allow (R20)."""
    answers = {method: CLIENT.request(method, stack.token_endpoint) for method in ("GET", "PUT", "DELETE", "PATCH")}
    observe(
        statuses={method: answer.status_code for method, answer in answers.items()},
        allow={method: answer.headers.get("Allow") for method, answer in answers.items()},
    )
    assert {answer.status_code for answer in answers.values()} == {405}
    assert {answer.headers.get("Allow") for answer in answers.values()} == {"POST"}


def test_large_bodies_are_413(stack: StackFile, observe: Observe) -> None:
    """17 KB are refused by the issuer, 7 MB by API Gateway or Lambda, both with 413 (R20)."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = {
        size: CLIENT.post(stack.token_endpoint, content=b"a=" + b"b" * size, headers=form)
        for size in (17_000, 7_000_000)
    }
    observe(statuses={size: answer.status_code for size, answer in answers.items()}, body=answers[7_000_000].text[:100])
    assert {answer.status_code for answer in answers.values()} == {413}
    assert answers[17_000].json()["error"] == "invalid_request"


def test_public_documents_can_be_cached(stack: StackFile, observe: Observe) -> None:
    """Cache-Control and ETag of the JWKS arrive, If-None-Match brings 304, and HEAD brings no body (R52)."""
    url = stack.outputs["JwksUrl"]
    whole = CLIENT.get(url)
    known = CLIENT.get(url, headers={"If-None-Match": whole.headers.get("ETag", "")})
    head = CLIENT.head(url)
    observe(
        cache_control=whole.headers.get("Cache-Control"),
        known=known.status_code,
        head=f"{head.status_code}, {len(head.content)} bytes",
    )
    assert whole.headers["Cache-Control"].startswith("public, max-age=")
    assert known.status_code == 304
    assert (head.status_code, head.content) == (200, b"")


def test_the_issuer_is_the_url_that_answers(stack: StackFile, observe: Observe) -> None:
    """`iss` of tokens and metadata is, byte by byte, the URL at which the metadata is found (R51)."""
    said = {
        path: CLIENT.get(f"{stack.issuer}/.well-known/{path}").json()["issuer"]
        for path in ("oauth-authorization-server", "openid-configuration")
    }
    said["token"] = jwt.decode(get_token(stack), options={"verify_signature": False})["iss"]
    observe(same={place: url == stack.issuer for place, url in said.items()})
    assert set(said.values()) == {stack.issuer}


def test_the_longest_token_passes_and_a_longer_one_is_refused(stack: StackFile, observe: Observe) -> None:
    """A token of nearly KMS's 4,096 bytes passes API Gateway; what would be longer is refused before it is signed."""
    scopes = [f"reports:{'x' * 30}:{number:03}" for number in range(80)]
    client = register_client(stack.outputs["ClientTableName"], stack.audience, (*SCOPES, *scopes))
    form = {"grant_type": "client_credentials", "scope": " ".join([*SCOPES, *scopes[:56]])}
    token = CLIENT.post(stack.token_endpoint, data=form, auth=client).json()["access_token"]
    refused = CLIENT.post(stack.token_endpoint, data={"grant_type": "client_credentials"}, auth=client)
    seen = {name: call(url, token).status_code for name, url in stack.apis.items()}
    signing_input = len(token.rpartition(".")[0])
    observe(signing_input_bytes=signing_input, statuses=seen, longer=refused.status_code)
    assert MAX_RAW_BYTES - 512 < signing_input <= MAX_RAW_BYTES
    assert set(seen.values()) == {200}
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


def test_revocations_at_once_are_all_acknowledged(stack: StackFile, observe: Observe) -> None:
    """Six revocations of one token at once are 200 each: a TransactionConflict is tried again (R46, R50)."""
    token = get_token(stack)

    def revoke(_number: int) -> httpx.Response:
        return post(stack, "revoke", token=token)

    with ThreadPoolExecutor(6) as pool:
        answers = Counter(answer.status_code for answer in pool.map(revoke, range(6)))
    observe(statuses=dict(answers))
    assert answers == {200: 6}


@pytest.mark.on_aws_alone("the emulator throttles no HTTP API")
def test_the_stage_throttles(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A route above its rate is 429 in API Gateway's words, without the function."""
    gateway, api = aws("apigatewayv2"), resources["IssuerApi"]
    route_key = "ANY /.well-known/openid-configuration"
    deployed = gateway.get_stage(ApiId=api, StageName="$default")["RouteSettings"][route_key]
    limits = {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1.0}

    def ask_often() -> Counter[int]:
        def ask_once(_number: int) -> int:
            return CLIENT.get(f"{stack.issuer}/.well-known/openid-configuration").status_code

        with ThreadPoolExecutor(10) as pool:
            return Counter(pool.map(ask_once, range(50)))

    gateway.update_stage(ApiId=api, StageName="$default", RouteSettings={route_key: limits})
    try:
        seen, waited = eventually(ask_often, lambda seen: seen[429] > 0, seconds=90, pause=2)
    finally:
        gateway.update_stage(ApiId=api, StageName="$default", RouteSettings={route_key: deployed})
    observe(
        deployed={name: deployed.get(name) for name in limits},
        statuses=dict(seen),
        after_seconds=waited,
    )
    assert seen[429] > 0
    assert set(seen) <= {200, 429}
