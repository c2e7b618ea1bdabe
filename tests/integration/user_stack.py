"""Clients of users on the embedded stack, and their flows through the front proxy, as browser and client see them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import jwt
from joserfc.jwk import ECKey

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.clients.client import Client, hash_secret
from tests.integration.aws import aws
from tests.integration.browser import Browser
from tests.integration.http import CLIENT
from tests.integration.people import person

if TYPE_CHECKING:
    from local.stack_file import StackFile

REDIRECT_URI = "https://app.example.com/callback"
PUBLIC: dict[str, Any] = {"authentication": frozenset({"none"}), "secret_hashes": ()}


class Application(NamedTuple):
    """A registered client of users; `secret` is empty for a public one."""

    stack: StackFile
    client_id: str
    secret: str

    @property
    def auth(self) -> httpx.Auth:
        """The credentials for client_secret_basic; a public client has none."""
        return httpx.BasicAuth(self.client_id, self.secret) if self.secret else httpx.Auth()

    def get_code(self, user: str, verifier: str, **changes: str) -> str:
        """Return a code of a user."""
        return answer_of(self.authorize(user, verifier, **changes))["code"]

    def authorize(self, user: str, verifier: str, **changes: str) -> httpx.Response:
        """Return the answer to an authorization request of a user who signs in, allows and confirms what is asked.

        "" is a browser without a session, which stops at the first page.
        """
        url = self.authorization_url(verifier, **changes)
        if not user:
            return Browser(self.stack).open(url)
        asked = person(self.stack, user)
        return asked.agree(asked.browser.open(url))

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
    }
    client = Client(**(fields | changes))
    DynamoDbClientRegistry(aws(stack, "dynamodb"), stack.outputs["ClientTableName"]).add(client)
    return Application(stack, client.client_id, "" if client.is_public else secret)


class Signing(NamedTuple):
    """A registered client of users that authenticates by assertions (RFC 7523), and its private key."""

    client_id: str
    key: ECKey


def register_signing(stack: StackFile, **changes: Any) -> Signing:
    """Register a client that authenticates by private_key_jwt."""
    key = ECKey.generate_key("P-256", {"alg": "ES256", "kid": "key-1", "use": "sig"})
    client = register(
        stack,
        authentication=frozenset({"private_key_jwt"}),
        secret_hashes=(),
        jwks=(key.as_dict(private=False),),
        **changes,
    )
    return Signing(client.client_id, key)


def answer_of(answer: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect gives the client."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query, strict_parsing=True))


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token that is not verified here."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2), computed without the issuer's code."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
