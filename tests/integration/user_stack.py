"""A user's flow through the front proxy of the embedded stack, as browser and client see it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc.jwk import ECKey

from keyturn.adapters.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.domain.client import Client, hash_secret
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from tests.integration.aws import aws, function_name
from tests.integration.http import CLIENT

if TYPE_CHECKING:
    from local.stack_file import StackFile

REDIRECT_URI = "https://app.example.com/callback"
PASSWORD = "correct horse battery staple"


class Page(HTMLParser):
    """The hidden fields of the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a hidden field."""
        found = {name: value or "" for name, value in attrs}
        if tag == "input" and found.get("type") == "hidden":
            self.fields[found["name"]] = found["value"]


def session_cookie(stack: StackFile, name: str) -> str:
    """Return the Cookie header of a browser in which the user of this name is signed in, by the login's own pages."""
    return _session_cookie(_Users(stack), name)


class _Users:
    """The users of one stack, by its issuer."""

    def __init__(self, stack: StackFile) -> None:
        self.stack = stack

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Users) and other.stack.issuer == self.stack.issuer

    def __hash__(self) -> int:
        return hash(self.stack.issuer)


@cache
def _session_cookie(users: _Users, name: str) -> str:
    stack, email = users.stack, f"{name}-{secrets.token_hex(4)}@example.com"
    subject = new_subject(secrets.token_bytes(SUBJECT_BYTES))
    authorities = DynamoDbAuthorities(aws(stack, "dynamodb"), stack.outputs["AuthorityTableName"])
    authorities.create(Authority(subject=subject, status=Status.ACTIVE))
    invoke_login(stack, keyturn="add_user", subject=subject, email=email, name=name)
    link = invoke_login(stack, keyturn="create_link", subject=subject)["link"]
    with httpx.Client(timeout=60, trust_env=False) as browser:
        fields = Page(browser.get(link).text).fields
        chosen = {"new_password": PASSWORD, "new_password_again": PASSWORD}
        assert browser.post(f"{stack.issuer}/login/link", data=fields | chosen).status_code < 400
        fields = Page(browser.get(f"{stack.issuer}/login").text).fields
        answer = browser.post(f"{stack.issuer}/login/password", data=fields | {"email": email, "password": PASSWORD})
        assert answer.status_code < 400, answer.text
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def invoke_login(stack: StackFile, **event: Any) -> dict[str, Any]:
    """Return the login's answer to an operator's event."""
    functions, name = aws(stack, "lambda"), function_name(stack, "LoginFunction")
    answer: dict[str, Any] = json.loads(
        functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())["Payload"].read()
    )
    assert "error" not in answer, answer
    return answer


class Application(NamedTuple):
    """A registered client of users; `secret` is empty for a public one."""

    stack: StackFile
    client_id: str
    secret: str

    @property
    def auth(self) -> httpx.Auth:
        """What it authenticates with, by client_secret_basic; a public client by nothing."""
        return httpx.BasicAuth(self.client_id, self.secret) if self.secret else httpx.Auth()

    def get_code(self, user: str, verifier: str, **changes: str) -> str:
        """Return a code of a user."""
        return answer_of(self.authorize(user, verifier, **changes))["code"]

    def authorize(self, user: str, verifier: str, **changes: str) -> httpx.Response:
        """Return the answer to an authorization request from a browser with the user's session; "" for none."""
        url = self.authorization_url(verifier, **changes)
        return CLIENT.get(url, headers={"cookie": session_cookie(self.stack, user)} if user else {})

    def authorization_url(self, verifier: str, **changes: str) -> str:
        """Return the URL that the client sends a browser to."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid email reports:read",
            "state": "state-1",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self.stack.issuer}/oauth2/authorize?{urlencode(parameters | changes)}"

    def redeem(self, code: str, verifier: str, **changes: str) -> httpx.Response:
        """Return the answer to the use of a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return self._ask(form | {"code_verifier": verifier} | changes)

    def refresh(self, token: str, **changes: str) -> httpx.Response:
        """Return the answer to the use of a refresh token."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": token} | changes)

    def _ask(self, form: dict[str, str]) -> httpx.Response:
        named = form if self.secret else form | {"client_id": self.client_id}
        return CLIENT.post(self.stack.token_endpoint, data=named, auth=self.auth)

    def log_in(self, user: str, **changes: str) -> dict[str, Any]:
        """Return the tokens of a whole flow."""
        verifier = secrets.token_urlsafe(32)
        answer = self.redeem(self.get_code(user, verifier, **changes), verifier)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def register(stack: StackFile, **changes: Any) -> Application:
    """Register a client of users, confidential unless it is changed to be a public one."""
    secret = secrets.token_urlsafe(32)
    fields: dict[str, Any] = {
        "client_id": f"app-{secrets.token_hex(6)}",
        "name": "An application",
        "secret_hashes": (hash_secret(secret),),
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "scopes": frozenset({"openid", "email", "reports:read", "reports:write"}),
        "audiences": (stack.audience,),
        "redirect_uris": (REDIRECT_URI,),
        "first_party": True,
    }
    client = Client(**(fields | changes))
    DynamoDbClientRegistry(aws(stack, "dynamodb"), stack.outputs["ClientTableName"]).add(client)
    return Application(stack, client.client_id, "" if client.is_public else secret)


class Signing(NamedTuple):
    """A registered client of users that authenticates by assertions (RFC 7523), and its private key."""

    client_id: str
    key: ECKey


def register_signing(stack: StackFile) -> Signing:
    """Register a client that authenticates by private_key_jwt."""
    key = ECKey.generate_key("P-256", {"alg": "ES256", "kid": "key-1", "use": "sig"})
    client = register(
        stack,
        authentication=frozenset({"private_key_jwt"}),
        secret_hashes=(),
        jwks=(key.as_dict(private=False),),
    )
    return Signing(client.client_id, key)


def answer_of(answer: httpx.Response) -> dict[str, str]:
    """Return what a redirect tells the client."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query, strict_parsing=True))


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2), computed without the issuer's code."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
