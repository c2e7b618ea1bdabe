"""Issuer and login as their environments compose them, on moto, with each call on AWS recorded."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import pytest
from botocore.client import BaseClient

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.json_service import JsonService
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.users.authority import Authority, Status
from login import app as login
from login import bootstrap as login_root
from tests.contract.test_issuer_on_aws import ring_with_key_in_kms
from tests.fakes.client_assertions import assertion_event, client_key, make_assertion
from tests.fakes.http_api_event import http_api_event
from tests.fakes.issuer_harness import ENVIRONMENT as ISSUER_ENVIRONMENT
from tests.fakes.issuer_harness import REVOKE, TOKEN, Answer
from tests.fakes.login_harness import ENVIRONMENT as LOGIN_ENVIRONMENT
from tests.fakes.login_harness import LoginBrowser, send_event
from tests.fakes.login_stores import LOGIN_KEYS
from tests.fakes.moto_connections import answer_by_moto
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import AUDIENCE
from tests.fakes.user_flow import NATIVE_URI, SCOPES, VERIFIER, authorization_request, user_client
from tests.infrastructure.diagrams import Call
from token_issuer import app as issuer
from token_issuer import bootstrap as issuer_root

AWS = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}
TABLES: dict[str, tuple[str, ...]] = LOGIN_KEYS | {
    "rings": ("pk",),
    "revocations": ("pk", "sk"),
    "clients": ("pk",),
    "grants": ("pk",),
}
SUBJECT = "u_" + "A" * 22
EMAIL, PASSWORD = "ada@example.org", "a long phrase that nobody guesses"


@contextmanager
def watched_calls(watch: Callable[[str, str, dict[str, Any]], None]) -> Iterator[None]:
    """Report each call of boto3's clients and of ours as it begins: service, operation and request."""
    of_boto3: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
    ours = JsonService.call

    def call_boto3(client: BaseClient, operation: str, request: Any) -> Any:
        watch(client.meta.service_model.service_id, operation, request)
        return of_boto3(client, operation, request)

    def call_ours(client: JsonService, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        watch(client.title, operation, request)
        return ours(client, operation, request)

    with (
        mock.patch.object(BaseClient, "_make_api_call", call_boto3),
        mock.patch.object(JsonService, "call", call_ours),
    ):
        yield


class Trace:
    """The calls of boto3's clients and of ours as they begin; `asked_by` is the participant that calls now."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.asked_by = ""
        self.last: list[Call] = []
        self._lock = Lock()

    def take(self) -> list[Call]:
        """Return what was recorded since the last time, and keep it as `last`."""
        self.last, self.calls = self.calls, []
        return self.last

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record what is called meanwhile."""
        with watched_calls(self._record):
            yield

    def _record(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        with self._lock:
            self.calls.append(Call(self.asked_by, service, operation, _table(parameters)))


def _table(parameters: dict[str, Any]) -> str:
    """Return a call's table (a transaction's first one), for users and credentials with the kind of item."""
    if "TransactItems" in parameters:
        [first] = parameters["TransactItems"][0].values()
        return str(first["TableName"])
    table = str(parameters.get("TableName") or next(iter(parameters.get("RequestItems", ())), ""))
    if table not in ("users", "credentials"):
        return table
    item = parameters.get("Key") or parameters["Item"]
    return f"{table} {item['sk']['S'].partition('#')[0]}"


class TracedStack:
    """One user, and one third-party client with a key, a rate and a native redirect URI."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer of the function that has the event's path."""
        if event["rawPath"].startswith(("/login", "/account", "/oauth2/logout")):
            self._trace.asked_by = "L"
            return send_event(event)
        self._trace.asked_by = "I"
        answer = issuer.lambda_handler(event, None)
        return Answer(answer["statusCode"], answer["headers"], answer["body"], tuple(answer["cookies"]))

    def browser(self) -> LoginBrowser:
        """Return a browser without a cookie."""
        return LoginBrowser(self, {})

    def sign_in(self, browser: LoginBrowser | None = None) -> str:
        """Let the user sign in, consent and confirm; return the code."""
        browser = browser or self.browser()
        request = authorization_request(client_id="app", redirect_uri=NATIVE_URI)
        page = browser.follow(browser.send_raw(http_api_event("GET", "/oauth2/authorize", query=urlencode(request))))
        assert page.status == 200, page.body
        browser.follow(browser.submit("/login/password", email=EMAIL, password=PASSWORD))
        browser.follow(browser.submit("/login/consent", decision="allow"))
        answer = browser.follow(browser.submit("/login/confirm", decision="allow"))
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]

    def redeem(self, code: str) -> dict[str, Any]:
        """Return the tokens for a code."""
        return self.token(grant_type="authorization_code", code=code, redirect_uri=NATIVE_URI, code_verifier=VERIFIER)

    def token(self, **parameters: str) -> dict[str, Any]:
        """Return the answer to a token request with a new assertion."""
        tokens: dict[str, Any] = self._ask(TOKEN, **parameters).json
        return tokens

    def revoke(self, token: str) -> None:
        """Revoke an access or a refresh token, with a new assertion."""
        self._ask(REVOKE, token=token)

    def _ask(self, path: str, **parameters: str) -> Answer:
        now = math.floor(wall_seconds())
        assertion = make_assertion("app", claims={"iat": now, "exp": now + 60})
        answer = self.send(assertion_event(path, assertion, **parameters))
        assert answer.status == 200, answer.body
        return answer


@contextmanager
def traced_stack(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> Iterator[TracedStack]:
    """Return a stack whose user has chosen a password; nothing is recorded yet."""
    for name, value in (LOGIN_ENVIRONMENT | ISSUER_ENVIRONMENT | AWS).items():
        monkeypatch.setenv(name, value)
    answer_by_moto(monkeypatch)
    with moto_dynamodb() as dynamodb:
        for table, keys in TABLES.items():
            create_table(dynamodb, table, *keys)
        for name in ("PEPPER_KEY", "SUCCESSOR_KEY"):
            key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
            monkeypatch.setenv(name, key["Arn"])
        dynamodb.put_item(TableName="rings", Item=encode_item(ring_to_item(ring_with_key_in_kms())))
        DynamoDbClientRegistry(dynamodb, "clients").add(
            user_client(
                authentication=frozenset({"private_key_jwt"}),
                secret_hashes=(),
                jwks=(client_key().jwk,),
                grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
                redirect_uris=(NATIVE_URI,),
                first_party=False,
                rate=1000,
            )
        )
        DynamoDbResourceServerRegistry(dynamodb, "clients").add(
            ResourceServer(audience=AUDIENCE, name="An API", scopes=SCOPES)
        )
        DynamoDbAuthorities(dynamodb, "authorities").create(Authority(subject=SUBJECT, status=Status.ACTIVE))
        forget_sandboxes()
        stack = TracedStack(trace)
        _choose_password(stack)
        yield stack
    forget_sandboxes()


def forget_sandboxes() -> None:
    """Let the next request of each function meet a new sandbox."""
    for root in (issuer_root, login_root):
        root.bootstrap.cache_clear()


def _choose_password(stack: TracedStack) -> None:
    login.lambda_handler({"keyturn": "add_user", "subject": SUBJECT, "email": EMAIL, "name": "Ada"}, None)
    link = login.lambda_handler({"keyturn": "create_link", "subject": SUBJECT}, None)["link"]
    browser = LoginBrowser(stack, {"__Host-keyturn-browser": secrets.token_urlsafe(32)})
    browser.get("/login/link", link=link.partition("link=")[2])
    assert browser.submit("/login/link", new_password=PASSWORD, new_password_again=PASSWORD).status == 303
