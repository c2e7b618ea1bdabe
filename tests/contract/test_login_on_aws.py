"""The login with every one of its AWS adapters, as its environment composes it, on moto."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.interactions.dynamodb_interaction_items import DynamoDbInteractionItems
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.interactions.interaction import INTERACTION_LIFETIME, Demand, Interaction, hash_interaction_id
from keyturn.domain.sessions.session import hash_cookie
from keyturn.domain.users.authority import Authority, Status
from login import app
from login.bootstrap import bootstrap
from tests.fakes.issuer_harness import Answer
from tests.fakes.login_harness import CLIENT_ID, ENVIRONMENT, REDIRECT_URI, LoginBrowser, login_client, send_event
from tests.fakes.login_stores import LOGIN_KEYS
from tests.fakes.moto_connections import run_on_moto
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import AUDIENCE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SUBJECT = "u_" + "A" * 22
EMAIL = "ada@example.org"
PASSWORD = "a long phrase that nobody guesses"
BROWSER = "__Host-keyturn-browser"
SESSION = "__Host-keyturn-session"
OTHER_KEYS = {"rings": ("pk",), "revocations": ("pk", "sk"), "clients": ("pk",)}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """Return DynamoDB with the login's tables, one client, and a user who has no password; the environment says so."""
    run_on_moto(monkeypatch, ENVIRONMENT)
    with moto_dynamodb() as client:
        for table, keys in (LOGIN_KEYS | OTHER_KEYS).items():
            create_table(client, table, *keys)
        key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
        monkeypatch.setenv("PEPPER_KEY", key["Arn"])
        DynamoDbClientRegistry(client, "clients").add(login_client())
        DynamoDbAuthorities(client, "authorities").create(Authority(subject=SUBJECT, status=Status.ACTIVE))
        bootstrap.cache_clear()
        invoke("add_user", email=EMAIL, name="Ada")
        yield client
    bootstrap.cache_clear()


def invoke(action: str, **members: Any) -> dict[str, Any]:
    """Return the answer to an operator's action on the user."""
    answer = app.lambda_handler({"keyturn": action, "subject": SUBJECT, **members}, None)
    assert "error" not in answer, answer
    return answer


class Deployed:
    """The login as its environment composes it."""

    def send(self, event: dict[str, Any]) -> Answer:
        """Return the answer to an event."""
        return send_event(event)


def new_browser() -> LoginBrowser:
    """Return a browser that the issuer has given its cookie."""
    return LoginBrowser(Deployed(), {BROWSER: secrets.token_urlsafe(32)})


def choose_password(browser: LoginBrowser) -> None:
    """Choose the user's password by a link."""
    browser.get("/login/link", link=invoke("create_link")["link"].partition("link=")[2])
    assert browser.submit("/login/link", new_password=PASSWORD, new_password_again=PASSWORD).status == 303


def begin(dynamodb: DynamoDBClient, browser: LoginBrowser, *demands: Demand) -> str:
    """Store an interaction of the browser, and return its id."""
    interaction_id, now = secrets.token_urlsafe(16), math.floor(wall_seconds())
    DynamoDbInteractionOpener(dynamodb, "interactions").create(
        Interaction(
            key_hash=hash_interaction_id(interaction_id),
            client_id=CLIENT_ID,
            request={"redirect_uri": REDIRECT_URI},
            scope=frozenset({"openid"}),
            resource=AUDIENCE,
            demands=frozenset(demands),
            created_at=now,
            expires_at=now + INTERACTION_LIFETIME,
            browser_hash=hash_cookie(browser.cookies[BROWSER]),
        )
    )
    return interaction_id


def location(answer: Answer) -> str:
    """Return the target of a redirect."""
    assert answer.status == 303, answer.body
    return answer.headers["location"]


def test_from_a_link_to_the_issuer(dynamodb: DynamoDBClient) -> None:
    """A user chooses a password, signs in, allows and confirms; the stored marks are those of the session."""
    browser = new_browser()
    choose_password(browser)
    interaction = begin(dynamodb, browser, Demand.AUTHENTICATE, Demand.RECORDED_CONSENT, Demand.CONFIRM)
    browser.get("/login", interaction=interaction)
    browser.follow(browser.submit("/login/password", email=EMAIL, password=PASSWORD))
    browser.follow(browser.submit("/login/consent", decision="allow"))
    answer = browser.submit("/login/confirm", decision="allow")
    assert location(answer) == f"/oauth2/authorize?interaction={interaction}"
    session = DynamoDbSessionReader(dynamodb, "sessions").get(hash_cookie(browser.cookies[SESSION]))
    marked = DynamoDbInteractionItems(dynamodb, "interactions").get(hash_interaction_id(interaction))
    assert session is not None
    assert marked is not None
    assert (session.subject, session.session_id) == (SUBJECT, marked.session_id)
    assert None not in (marked.authenticated_at, marked.consented, marked.confirmed_at)


def test_the_account_from_sign_in_to_sign_out(dynamodb: DynamoDBClient) -> None:
    """The account page lists and withdraws, changes the password, ends all sessions and signs out."""
    browser = new_browser()
    choose_password(browser)
    interaction = begin(dynamodb, browser, Demand.AUTHENTICATE, Demand.CONSENT)
    browser.get("/login", interaction=interaction)
    browser.follow(browser.submit("/login/password", email=EMAIL, password=PASSWORD))
    browser.submit("/login/consent", decision="allow")
    assert "The Application" in browser.get("/account").body
    assert location(browser.submit("/account/applications", client_id=CLIENT_ID)) == "/account?done=access"
    assert "The Application" not in browser.get("/account").body
    change = {"current_password": PASSWORD, "new_password": PASSWORD[::-1], "new_password_again": PASSWORD[::-1]}
    assert location(browser.submit("/account/password", **change)) == "/account?done=password"
    browser.get("/account")
    assert location(browser.submit("/account/sessions", session="all")) == "/account?done=sessions"
    assert len(invoke("list_sessions")["sessions"]) == 1
    browser.get("/account")
    assert browser.submit("/oauth2/logout").status == 200
    assert invoke("list_sessions")["sessions"] == []
    targets = {item["pk"]["S"].partition("#")[0] for item in dynamodb.scan(TableName="revocations")["Items"]}
    assert targets == {"feed", "sub"}


def test_a_missing_table_is_a_page(dynamodb: DynamoDBClient) -> None:
    """A table that is away gets a page with 5xx, and no session."""
    browser = new_browser()
    choose_password(browser)
    browser.get("/login")
    dynamodb.delete_table(TableName="sessions")
    assert browser.submit("/login/password", email=EMAIL, password=PASSWORD).status in (500, 503)
    assert SESSION not in browser.cookies
