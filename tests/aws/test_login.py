"""The login behind API Gateway."""

from __future__ import annotations

import re
import secrets
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from local.transform import read_template
from tests.aws.login_user import LoginUser, add_user, hidden_fields
from tests.aws.logs import read_events
from tests.aws.patience import eventually
from tests.aws.run import ROOT
from tests.aws.stack import aws, describe, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

ROUNDS = 8


@pytest.fixture(scope="module")
def user(stack: StackFile) -> Iterator[LoginUser]:
    """Return a user of this run alone, who has a password; erased afterwards."""
    with add_user(stack) as user:
        yield user


def sign_in(stack: StackFile, browser: httpx.Client, email: str, password: str) -> httpx.Response:
    """Return the answer to the sign-in page, filled in."""
    fields = hidden_fields(browser.get(f"{stack.issuer}/login").text) | {"email": email, "password": password}
    return browser.post(f"{stack.issuer}/login/password", data=fields)


def test_cookies_of_a_sign_in_arrive(stack: StackFile, user: LoginUser, observe: Observe) -> None:
    """Session and device come as two Set-Cookie headers, and the session's cookie opens the account page."""
    with httpx.Client(timeout=40) as browser:
        answer = sign_in(stack, browser, user.email, user.password)
        cookies = sorted(cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie"))
        account = browser.get(f"{stack.issuer}/account")
    observe(status=answer.status_code, cookies=cookies, account=account.status_code)
    assert answer.status_code == 303
    # The emulator's issuer is on http, where the cookies go without the prefix.
    prefix = "__Host-" if stack.issuer.startswith("https:") else ""
    assert {f"{prefix}keyturn-session", f"{prefix}keyturn-device"} <= set(cookies)
    assert (account.status_code, user.email in account.text) == (200, True)


def test_cookies_arrive_with_their_attributes(stack: StackFile, user: LoginUser, observe: Observe) -> None:
    """Each Set-Cookie of a sign-in says HttpOnly, SameSite and Path, and Secure on https (RFC 6265 §5.2)."""
    with httpx.Client(timeout=40) as browser:
        answer = sign_in(stack, browser, user.email, user.password)
    seen = {
        name: sorted(part.strip().partition("=")[0].lower() for part in attributes.split(";"))
        for name, _, attributes in (each.partition(";") for each in answer.headers.get_list("set-cookie"))
        for name in [name.partition("=")[0]]
    }
    observe(**{name.removeprefix("__Host-").replace("-", "_"): attributes for name, attributes in seen.items()})
    wanted = {"httponly", "samesite", "path"} | ({"secure"} if stack.issuer.startswith("https:") else set())
    assert seen
    assert all(wanted <= set(attributes) for attributes in seen.values())


def test_guesses_are_throttled_by_the_login_itself(stack: StackFile, observe: Observe) -> None:
    """The login answers 429 with Retry-After after as many wrong passwords as the parameter allows."""
    allowed = int(parameters_of(describe(stack.stack_name))["SignInsPerAccount"])
    email, statuses = f"{secrets.token_hex(8)}@example.com", []
    with httpx.Client(timeout=40) as browser:
        for _ in range(allowed + 1):
            answer = sign_in(stack, browser, email, "a wrong password of this run")
            statuses.append(answer.status_code)
    observe(allowed=allowed, statuses=dict(Counter(statuses)), retry_after=answer.headers.get("retry-after"))
    assert statuses[-1] == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.on_aws_alone("the emulator's stage keeps no throttle")
def test_each_route_has_the_throttle_of_the_template(resources: dict[str, str], observe: Observe) -> None:
    """The deployed stage has the template's rate and burst for each route, those of the login among them."""
    stage = aws("apigatewayv2").get_stage(ApiId=resources["IssuerApi"], StageName="$default")
    written = read_template(ROOT / "template.yaml")["Resources"]["IssuerApiStage"]["Properties"]["RouteSettings"]
    limits = ("ThrottlingBurstLimit", "ThrottlingRateLimit")
    deployed = {
        route: {name: settings.get(name) for name in limits} for route, settings in stage["RouteSettings"].items()
    }
    observe(routes=len(deployed), login={route: deployed[route] for route in deployed if "/login" in route})
    assert deployed == {route: {name: settings[name] for name in limits} for route, settings in written.items()}


def test_the_event_has_the_browsers_address(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A forged X-Forwarded-For changes nothing of the address that the login counts by."""
    for forged in ("198.51.100.1", "203.0.113.1"):
        with httpx.Client(timeout=40, headers={"X-Forwarded-For": forged}) as browser:
            browser.get(f"{stack.issuer}/login")

    def lines() -> list[dict[str, Any]]:
        return [each for each in read_events(resources["LoginLogGroup"]) if each.get("endpoint") == "LoginPage"]

    found, _ = eventually(lines, lambda found: len(found) >= 2, seconds=90, pause=5)
    blocks = {str(each["address"]) for each in found}
    observe(blocks=len(blocks))
    assert not any(block.startswith(("198.51.100.", "203.0.113.")) for block in blocks)


def test_the_stylesheet_is_text_that_a_browser_keeps(stack: StackFile, observe: Observe) -> None:
    """The asset's own route answers with its type, and with a Cache-Control that arrives."""
    page = httpx.get(f"{stack.issuer}/login", timeout=40).text
    [path] = set(re.findall(r'href="(/assets/[^"]+\.css)"', page))
    answer = httpx.get(stack.issuer + path, timeout=40)
    observe(type=answer.headers["content-type"], cache_control=answer.headers["cache-control"])
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.on_aws_alone("times of an emulator say nothing about Lambda, DynamoDB and KMS")
def test_an_unknown_user_takes_as_long_as_a_known_one(stack: StackFile, user: LoginUser, observe: Observe) -> None:
    """Times of a wrong password do not reveal whether an address is registered."""
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    with httpx.Client(timeout=40) as browser:
        sign_in(stack, browser, user.email, "a wrong password of this run")  # the cold start
        for number in range(ROUNDS):
            for kind, email in (("known", user.email), ("unknown", f"nobody-{number}@example.com")):
                begun = time.perf_counter()
                answer = sign_in(stack, browser, email, "a wrong password of this run")
                seconds[kind].append(time.perf_counter() - begun)
                assert answer.status_code in {401, 429}
    medians = {kind: statistics.median(values) for kind, values in seconds.items()}
    observe(**{f"{kind}_ms": round(median * 1000) for kind, median in medians.items()})
    assert abs(medians["known"] - medians["unknown"]) < 0.25 * max(medians.values())


@pytest.mark.on_aws_alone("the emulator throttles no HTTP API")
def test_a_flood_of_passwords_stops_no_token(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """The route of passwords answers 429 above its own rate, while the token endpoint answers as before."""
    gateway, api, route = aws("apigatewayv2"), resources["IssuerApi"], "ANY /login/password"
    deployed = gateway.get_stage(ApiId=api, StageName="$default")["RouteSettings"][route]
    gateway.update_stage(
        ApiId=api, StageName="$default", RouteSettings={route: {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1.0}}
    )

    def post_often() -> Counter[int]:
        with httpx.Client(timeout=40) as browser, ThreadPoolExecutor(10) as pool:
            return Counter(
                pool.map(
                    lambda _: browser.post(f"{stack.issuer}/login/password", data={"a": "b"}).status_code, range(50)
                )
            )

    try:
        seen, waited = eventually(post_often, lambda seen: seen[429] > 0, seconds=90, pause=2)
        token = httpx.post(
            stack.token_endpoint,
            data={"grant_type": "client_credentials"},
            auth=(stack.client_id, stack.client_secret),
            timeout=40,
        ).status_code
    finally:
        gateway.update_stage(ApiId=api, StageName="$default", RouteSettings={route: deployed})
    observe(statuses=dict(seen), token=token, after_seconds=waited)
    assert seen[429] > 0
    assert token == 200


@pytest.mark.on_aws_alone("the emulator's root may do everything")
def test_nobody_but_the_login_uses_the_pepper(stack: StackFile, observe: Observe) -> None:
    """An administrator can neither generate a MAC, nor disable the key, nor schedule its deletion."""
    kms, key = aws("kms"), stack.outputs["PepperKeyArn"]
    calls: dict[str, Callable[[], object]] = {
        "GenerateMac": lambda: kms.generate_mac(KeyId=key, MacAlgorithm="HMAC_SHA_256", Message=b"x", DryRun=True),
        "DisableKey": lambda: kms.disable_key(KeyId=key),
        "ScheduleKeyDeletion": lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30),
    }
    refused = {}
    for name, call in calls.items():
        with pytest.raises(kms.exceptions.ClientError) as raised:
            call()
        refused[name] = raised.value.response["Error"]["Code"]
    observe(**refused)
    assert set(refused.values()) == {"AccessDeniedException"}


def test_an_http_request_reaches_no_operator_action(stack: StackFile, observe: Observe) -> None:
    """A browser that posts an operator's event gets a page, since API Gateway puts a body into `body`."""
    subject = new_subject(bytes(SUBJECT_BYTES))
    answer = httpx.post(f"{stack.issuer}/login", json={"keyturn": "list_sessions", "subject": subject}, timeout=40)
    observe(status=answer.status_code)
    assert answer.status_code == 405
    assert "sessions" not in answer.text
