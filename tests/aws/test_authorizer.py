"""The authorizer behind API Gateway."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.aws.changes import environment
from tests.aws.logs import read_events
from tests.aws.patience import eventually
from tests.aws.raw_http import raw_request
from tests.fakes.token_factory import make_token, signing_key
from tests.integration.http import CLIENT, call, get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

ALLOWED = {"http": 200, "rest_token": 200, "rest_request": 200}
FORBIDDEN = {"http": 403, "rest_token": 403, "rest_request": 403}
FAULT = {"http": 500, "rest_token": 500, "rest_request": 500}


def foreign_token(stack: StackFile, kid: str) -> str:
    """Return a token that says all that ours say, and that another key has signed."""
    claims = {"iss": stack.issuer, "aud": stack.audience, "client_id": stack.client_id, "sub": stack.client_id}
    now = int(wall_seconds())
    times = {"iat": now, "exp": now + 60, "scope": "reports:read"}
    return make_token(key=signing_key("RS256"), header={"kid": kid}, claims=claims | times)


def test_a_missing_header_is_401(stack: StackFile, observe: Observe) -> None:
    """Without an Authorization header every kind of API answers 401 (G5)."""
    seen = statuses(stack, None)
    observe(statuses=seen)
    assert seen == {"http": 401, "rest_token": 401, "rest_request": 401}


@pytest.mark.on_aws_alone("the emulator asks the authorizer while the TTL is 0")
def test_a_missing_header_does_not_reach_the_authorizer(
    stack: StackFile, resources: dict[str, str], observe: Observe
) -> None:
    """A request without the identity source does not invoke the authorizer, though its TTL is 0 (G5)."""
    kid, begun = f"verification-{secrets.token_hex(8)}", wall_seconds() - 60
    statuses(stack, None)
    statuses(stack, foreign_token(stack, kid))
    events, waited = eventually(
        lambda: read_events(resources["AuthorizerLogGroup"], begun),
        lambda events: any(event.get("kid") == kid for event in events),
        seconds=120,
        pause=2,
    )
    asked = sum(event.get("reason") == "missing_credentials" for event in events)
    observe(asked_without_a_header=asked, log_arrives_after_seconds=waited)
    assert any(event.get("kid") == kid for event in events)
    assert asked == 0


def test_a_bad_token_is_403_on_an_http_api(stack: StackFile, observe: Observe) -> None:
    """`isAuthorized: false` is 403 on an HTTP API, which documents 401 for a missing identity source alone (R57)."""
    answer = call(stack.apis["http"], foreign_token(stack, "somebody-else"))
    observe(status=answer.status_code, body=answer.text[:100], challenge=answer.headers.get("www-authenticate"))
    assert answer.status_code == 403


def test_a_bad_token_is_401_on_a_rest_api(stack: StackFile, observe: Observe) -> None:
    """The exception `Unauthorized`, raised with no cause, is 401 for TOKEN and for REQUEST authorizers (R57)."""
    bad = foreign_token(stack, "somebody-else")
    seen = {name: call(stack.apis[name], bad).status_code for name in ("rest_token", "rest_request")}
    observe(statuses=seen)
    assert seen == {"rest_token": 401, "rest_request": 401}


def test_gateway_responses_challenge(stack: StackFile, observe: Observe) -> None:
    """The 401 and the 403 of a REST API carry WWW-Authenticate as the gateway responses have it (RFC 6750 §3, R57)."""
    reader = get_token(stack, scope="reports:read")
    challenges = {
        f"{name} {status}": call(stack.apis[name], token, method).headers.get("WWW-Authenticate")
        for name in ("rest_token", "rest_request")
        for status, token, method in ((401, None, "GET"), (403, reader, "POST"))
    }
    observe(challenges=challenges)
    insufficient = 'Bearer error="insufficient_scope"'
    assert challenges == {
        "rest_token 401": "Bearer",
        "rest_token 403": insufficient,
        "rest_request 401": "Bearer",
        "rest_request 403": insufficient,
    }


def test_a_fault_is_500_and_is_not_kept(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A request that the authorizer cannot decide is 500 on every API; the next one is decided anew (R57, G4)."""
    token = get_token(stack)
    with environment(resources["AuthorizerFunction"], REVOCATION_BOUND_SECONDS="none"):
        broken, _ = eventually(lambda: statuses(stack, token), lambda seen: seen == FAULT, seconds=30)
    mended, waited = eventually(lambda: statuses(stack, token), lambda seen: seen == ALLOWED, seconds=30)
    observe(broken=broken, mended=mended, after_seconds=waited)
    assert broken == FAULT
    assert mended == ALLOWED


def test_the_backend_learns_who_calls(stack: StackFile, observe: Observe) -> None:
    """The context reaches the backend as strings, nested under `lambda` on HTTP APIs and flat on REST APIs (R59)."""
    token = get_token(stack, scope="reports:read")
    told = {name: call(url, token).json() for name, url in stack.apis.items()}
    observe(members={name: sorted(caller) for name, caller in told.items()})
    wanted = {"sub": stack.client_id, "client_id": stack.client_id, "scope": "reports:read"}
    assert told == dict.fromkeys(stack.apis, wanted)


def test_an_answer_is_for_one_route(stack: StackFile, observe: Observe) -> None:
    """TTL 0 caches no result: the same token passes at one route and is stopped at the next (G2, G3, R55)."""
    reader = get_token(stack, scope="reports:read")
    seen = [statuses(stack, reader), statuses(stack, reader, method="POST"), statuses(stack, reader)]
    observe(allowed=seen[0], another_route=seen[1], again=seen[2])
    assert seen == [ALLOWED, FORBIDDEN, ALLOWED]


def test_the_name_of_the_header_is_read_in_any_case(stack: StackFile, observe: Observe) -> None:
    """`authorization` and `AUTHORIZATION` are the identity source `Authorization` for every kind of API (R56, G9)."""
    token = get_token(stack)
    seen = {
        spelling: {
            name: CLIENT.get(url, headers={spelling: f"Bearer {token}"}).status_code for name, url in stack.apis.items()
        }
        for spelling in ("authorization", "AUTHORIZATION")
    }
    observe(**seen)
    assert set(map(str, seen.values())) == {str(ALLOWED)}


def test_two_headers_are_refused(stack: StackFile, observe: Observe) -> None:
    """Two Authorization headers, equal or not, are refused wherever the event has both (R56, G9)."""
    good, bad = get_token(stack), foreign_token(stack, "somebody-else")
    seen = {
        order: {
            name: CLIENT.get(url, headers=[("Authorization", f"Bearer {each}") for each in tokens]).status_code
            for name, url in stack.apis.items()
        }
        for order, tokens in {"equal": (good, good), "good_first": (good, bad), "good_last": (bad, good)}.items()
    }
    observe(**seen)
    both = [by_api[name] for by_api in seen.values() for name in ("http", "rest_request")]
    assert set(both) <= {400, 401, 403}


@pytest.mark.on_aws_alone("the front proxy knows no method in lower case")
def test_a_method_in_lower_case_opens_nothing(stack: StackFile, observe: Observe) -> None:
    """A token for reading writes by no spelling of POST, and every API answers 4xx (R58)."""
    headers = [("Authorization", f"Bearer {get_token(stack, scope='reports:read')}")]
    seen = {
        method: {name: raw_request(url, method, headers).status for name, url in stack.apis.items()}
        for method in ("get", "post", "Post")
    }
    observe(**seen)
    assert all(400 <= status < 500 for method in ("post", "Post") for status in seen[method].values())


def test_a_header_over_the_cap_is_refused(stack: StackFile, observe: Observe) -> None:
    """Headers of more than 10,240 bytes are refused with a 4xx by every kind of API (R02)."""
    seen = statuses(stack, "a" * 11_000)
    observe(statuses=seen)
    assert all(400 <= status < 500 for status in seen.values())


def test_a_path_spelled_otherwise_opens_nothing(stack: StackFile, observe: Observe) -> None:
    """A token without the right to write does not write by any spelling of the path (G7)."""
    reader = get_token(stack, scope="reports:read")
    spellings = ("/reports/", "//reports", "/%72eports", "/reports%2f", "/reports;a=b", "/REPORTS")
    seen = {
        name: {
            spelling: call(url.removesuffix("/reports") + spelling, reader, "POST").status_code
            for spelling in spellings
        }
        for name, url in stack.apis.items()
    }
    observe(**seen)
    assert not [status for by_path in seen.values() for status in by_path.values() if status < 400]


def test_the_method_is_the_one_that_was_sent(stack: StackFile, observe: Observe) -> None:
    """X-HTTP-Method-Override changes no decision: a POST that calls itself GET is a POST (G8, R58)."""
    reader = get_token(stack, scope="reports:read")
    headers = {"Authorization": f"Bearer {reader}", "X-HTTP-Method-Override": "GET"}
    seen = {name: CLIENT.post(url, headers=headers).status_code for name, url in stack.apis.items()}
    observe(statuses=seen)
    assert seen == FORBIDDEN
