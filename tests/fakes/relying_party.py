"""A client that leaves each check to libraries: oauthlib for responses; joserfc, Authlib and PyJWT for ID tokens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import jwt
from authlib.oidc.core import CodeIDToken
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2.rfc6749.parameters import parse_authorization_code_response, parse_token_response

from keyturn.domain.grants.pkce import challenge_of
from tests.fakes.http_api_event import basic, form_event, http_api_event
from tests.fakes.issuer_harness import SECRET, Answer
from tests.fakes.page_browser import Visit, local_path, with_query
from tests.fakes.provider_harness import Provider
from tests.fakes.token_factory import ISSUER

_DISCOVERY = "/.well-known/openid-configuration"


class AuthenticationRequest(NamedTuple):
    """The parameters of one request; `verifier` is that of its challenge, if it has one."""

    parameters: dict[str, str]
    verifier: str | None = None


class Tokens(NamedTuple):
    """One token response, as oauthlib read it, with the claims of its verified ID token."""

    access_token: str
    id_token: str
    refresh_token: str | None
    claims: Mapping[str, Any]


class RelyingParty:
    """One registered client; it learns every endpoint by discovery."""

    def __init__(
        self,
        provider: Provider,
        client_id: str,
        redirect_uri: str,
        *,
        method: str = "client_secret_basic",
        pkce: bool = False,
    ) -> None:
        self._provider = provider
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self._method = method
        self._pkce = pkce
        self.metadata: dict[str, Any] = provider.send(http_api_event("GET", _DISCOVERY)).json

    def new_request(self, **changes: str | None) -> AuthenticationRequest:
        """Return a request with a fresh state and nonce, with changes; None leaves a parameter out."""
        verifier = secrets.token_urlsafe(32) if self._pkce else None
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
        }
        if verifier is not None:
            parameters |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        chosen = {name: value for name, value in (parameters | changes).items() if value is not None}
        return AuthenticationRequest(chosen, verifier)

    def url(self, request: AuthenticationRequest) -> str:
        """Return the path and query at which a browser sends the request."""
        return with_query(local_path(self.metadata["authorization_endpoint"]), request.parameters)

    def read_response(self, request: AuthenticationRequest, visit: Visit) -> dict[str, str]:
        """Return the parameters of the answer at the redirect URI; its iss and state are right (RFC 9207)."""
        assert not visit.is_page, visit
        assert visit.url.startswith(f"{self.redirect_uri}?"), visit.url
        answer = dict(parse_qsl(urlsplit(visit.url).query, strict_parsing=True))
        assert answer.pop("iss") == ISSUER
        assert answer.pop("state", None) == request.parameters.get("state")
        return answer

    def read_code(self, request: AuthenticationRequest, visit: Visit) -> str:
        """Return the code; oauthlib raises for an error and for another state."""
        assert self.read_response(request, visit).keys() == {"code"}
        if urlsplit(visit.url).scheme != "https":  # oauthlib takes no other
            return self.read_response(request, visit)["code"]
        parsed = parse_authorization_code_response(visit.url, state=request.parameters.get("state"))
        code = parsed["code"]
        assert isinstance(code, str)
        return code

    def post_token(self, **parameters: str) -> Answer:
        """Return the answer of the token endpoint, with this client's authentication."""
        headers: dict[str, str] = {}
        if self._method == "client_secret_basic":
            headers = basic(self.client_id, SECRET)
        else:
            parameters |= {"client_id": self.client_id}
        if self._method == "client_secret_post":
            parameters |= {"client_secret": SECRET}
        path = local_path(self.metadata["token_endpoint"])
        return self._provider.send(form_event(path, parameters, headers=headers))

    def post_code(self, request: AuthenticationRequest, code: str) -> Answer:
        """Return the answer to the use of the code."""
        more = {} if request.verifier is None else {"code_verifier": request.verifier}
        return self.post_token(grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri, **more)

    def redeem(self, request: AuthenticationRequest, visit: Visit) -> Tokens:
        """Return the tokens for the code of a visit, verified."""
        return self.read_tokens(self.post_code(request, self.read_code(request, visit)), request)

    def read_tokens(self, answer: Answer, request: AuthenticationRequest | None) -> Tokens:
        """Return the tokens of a response; `request` is None for those of a refresh, which repeat no nonce."""
        assert answer.status == 200, answer
        assert answer.headers["content-type"] == "application/json"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["pragma"] == "no-cache"
        parsed = parse_token_response(answer.body)
        assert parsed["token_type"] == "Bearer"
        claims = self.verify(parsed["id_token"], {} if request is None else request.parameters)
        return Tokens(parsed["access_token"], parsed["id_token"], parsed.get("refresh_token"), claims)

    def verify(self, id_token: str, request: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the claims of an ID token (OIDC Core §3.1.3.7), which three libraries accept by the JWKS."""
        keys = self._provider.send(http_api_event("GET", local_path(self.metadata["jwks_uri"]))).json
        token = joserfc_jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=["RS256"])
        rules = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": self.client_id}}
        expected: dict[str, Any] = {"nonce": request.get("nonce"), "client_id": self.client_id}
        if "max_age" in request:
            expected["max_age"] = int(request["max_age"])
        CodeIDToken(token.claims, token.header, rules, expected).validate(now=self._provider.now, leeway=0)
        [key] = [each for each in keys["keys"] if each["kid"] == token.header["kid"]]
        # PyJWT compares with the computer's clock alone.
        options: Any = {"verify_exp": False, "verify_iat": False}
        decoded = jwt.decode(
            id_token, jwt.PyJWK(key), ["RS256"], audience=self.client_id, issuer=ISSUER, options=options
        )
        assert decoded == token.claims
        return token.claims

    def userinfo(self, tokens: Tokens) -> dict[str, Any]:
        """Return the claims at the userinfo endpoint, whose sub is that of the ID token (OIDC Core §5.3.2)."""
        answer = self.get_userinfo(tokens.access_token)
        assert answer.status == 200, answer
        return check_userinfo(answer, tokens)

    def get_userinfo(self, access_token: str) -> Answer:
        """Return the answer of the userinfo endpoint to a GET."""
        headers = {"authorization": f"Bearer {access_token}"}
        return self._provider.send(http_api_event("GET", self.userinfo_path, headers=headers))

    @property
    def userinfo_path(self) -> str:
        """The path of the userinfo endpoint."""
        return local_path(self.metadata["userinfo_endpoint"])


def check_userinfo(answer: Answer, tokens: Tokens) -> dict[str, Any]:
    """Return the claims of a userinfo response."""
    assert answer.headers["content-type"] == "application/json"
    claims: dict[str, Any] = answer.json
    assert claims["sub"] == tokens.claims["sub"]
    assert all(value not in (None, "") for value in claims.values())
    return claims
