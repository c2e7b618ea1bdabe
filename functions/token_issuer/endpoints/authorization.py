"""The authorization endpoint (RFC 6749 §3.1, §4.1.1; OIDC Core §3.1.2): a user's consent becomes a code.

Nothing is sent to a redirect URI before client and URI are known to belong together (RFC 9700 §4.11): until then a
refusal is a page, from then on it is an answer to the client.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.domain import pkce
from keyturn.domain.client import Client
from keyturn.domain.errors import KeyturnError
from keyturn.domain.grant import CODE_LIFETIME, CodeBinding, Grant
from keyturn.domain.grant_credentials import AuthorizationCode, new_grant_id
from keyturn.domain.redirect_uri import matches_redirect_uri
from keyturn.domain.revocation import Target, TargetKind, earliest_iat, issuance_targets
from token_issuer.errors import (
    InvalidRequest,
    LoginRequired,
    OAuthError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
    as_oauth_error,
)
from token_issuer.form import Form, read_form, read_query
from token_issuer.login import Authentication, Login, LoginDemand
from token_issuer.request import Request
from token_issuer.requested_access import Access, RequestedAccess
from token_issuer.responses import Response, error_page, redirect

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, Clock, GrantStore, RevocationReader

# What is carried from the request to the answer, or into the ID token, unread: as much as any client needs.
_MAX_STATE, _MAX_NONCE = 1024, 256
# Goes to the login, which shows or looks up who is expected.
_MAX_HINT = 256
_MAX_AGE_DIGITS = 9


class AuthorizationPorts(NamedTuple):
    """The outside world as the authorization endpoint needs it."""

    clients: ClientReader
    grants: GrantStore
    revocations: RevocationReader
    clock: Clock
    login: Login


class _Asked(NamedTuple):
    """A request whose every parameter holds."""

    client: Client
    redirect_uri: str
    access: Access
    challenge: str
    nonce: str | None
    demand: LoginDemand


class AuthorizationEndpoint:
    """Gives a client a code for the user who logged in."""

    methods = ("GET", "POST")
    cors = False

    def __init__(self, issuer: str, ports: AuthorizationPorts, access: RequestedAccess) -> None:
        """Take the issuer identifier, the ports, and what decides about scope and audience."""
        self._issuer = issuer
        self._ports = ports
        self._access = access

    def respond(self, request: Request) -> Response:
        """Return the redirect with a code, the login's page, a redirect with an error, or a page with one."""
        try:
            form = read_form(request) if request.method == "POST" else read_query(request)
            client, redirect_uri = self._find_client(form)
        except (OAuthError, KeyturnError) as error:
            # A person reads it: faults of ours are a page too.
            refusal = as_oauth_error(error)
            _error(refusal, request)
            return error_page(refusal)
        request.note(client_id=client.client_id)
        try:
            state = _limited(form, "state", _MAX_STATE)
        except InvalidRequest as error:
            return self._redirect(redirect_uri, _error(error, request), None)
        try:
            answer = self._authorize(request, self._read(client, redirect_uri, form))
        except (OAuthError, KeyturnError) as error:
            return self._redirect(redirect_uri, _error(as_oauth_error(error), request), state)
        return answer if isinstance(answer, Response) else self._redirect(redirect_uri, answer, state)

    def _find_client(self, form: Form) -> tuple[Client, str]:
        """Return the client and a redirect URI of its; raises InvalidRequest, for a page and no redirect (R30)."""
        client = self._ports.clients.get(form.require("client_id"))
        presented = form.require("redirect_uri")
        known = () if client is None else client.redirect_uris
        if client is None or not any(matches_redirect_uri(each, presented) for each in known):
            raise InvalidRequest("the client is unknown, or has not registered this redirect URI")
        return client, presented

    def _read(self, client: Client, redirect_uri: str, form: Form) -> _Asked:
        """Return what is asked for; raises what the client is told by a redirect (RFC 6749 §4.1.2.1)."""
        form.check_repetitions()
        if form.get("request") is not None:
            raise RequestNotSupported("request objects are not supported")
        if form.get("request_uri") is not None:
            raise RequestUriNotSupported("request objects are not supported")
        if form.get("registration") is not None:
            raise RegistrationNotSupported("clients are registered beforehand")
        if form.require("response_type") != "code":
            raise UnsupportedResponseType("the response type is code")
        if form.get("response_mode") not in (None, "query"):
            raise InvalidRequest("the response mode is query")
        if "authorization_code" not in client.grant_types:
            raise UnauthorizedClient("the client is not registered for this grant type")
        if form.get("code_challenge_method") != pkce.METHOD or not pkce.is_challenge(form.require("code_challenge")):
            # `plain`, which no method at all would mean, shows the verifier to whoever sees this request (R31).
            raise InvalidRequest("code_challenge is 43 characters of base64url, and code_challenge_method is S256")
        access = self._access.decide(client, resource=form.get("resource"), scope=form.get("scope"))
        nonce = _limited(form, "nonce", _MAX_NONCE)
        return _Asked(client, redirect_uri, access, form.require("code_challenge"), nonce, _demand(client, form))

    def _authorize(self, request: Request, asked: _Asked) -> Response | dict[str, str]:
        """Return the parameters of a successful answer, or the login's page; raises LoginRequired."""
        user = self._ports.login.authenticate(request, asked.demand)
        if isinstance(user, Response):
            request.note(outcome="login")
            return user
        if user is None:
            raise LoginRequired("the user has to log in")
        code = self._grant(asked, user)
        request.note(outcome="code", gid=code.gid, sub=user.subject)
        return {"code": code.value}

    def _grant(self, asked: _Asked, user: Authentication) -> AuthorizationCode:
        """Store the grant, and return its code; raises LoginRequired for a session that is over."""
        found = self._ports.revocations.find(_targets(user, asked.client))
        now = self._ports.clock.now()
        if any(each.target.kind is TargetKind.SESSION for each in found):
            raise LoginRequired("the session was ended")
        if user.auth_time < earliest_iat(found):
            raise LoginRequired("the user's sessions were ended")
        if asked.demand.max_age and now.latest - user.auth_time > asked.demand.max_age + 1:
            raise LoginRequired("the user logged in too long ago")
        code = AuthorizationCode(new_grant_id(secrets.token_bytes(16)), secrets.token_bytes(32))
        created_at = max(math.floor(now.earliest), earliest_iat(found))
        self._ports.grants.create(
            Grant(
                gid=code.gid,
                client_id=asked.client.client_id,
                subject=user.subject,
                audience=asked.access.audience,
                scope=asked.access.scope,
                created_at=created_at,
                code=CodeBinding(
                    code_hash=code.code_hash,
                    redirect_uri=asked.redirect_uri,
                    challenge=asked.challenge,
                    expires_at=math.floor(now.earliest) + CODE_LIFETIME,
                ),
                session_id=user.session_id,
                auth_time=user.auth_time,
                acr=user.acr,
                amr=user.amr,
                nonce=asked.nonce,
                claims=user.claims,
            )
        )
        return code

    def _redirect(self, uri: str, parameters: dict[str, str], state: str | None) -> Response:
        """Return the answer to the client, which says who answers (RFC 9207, R35)."""
        told = parameters | ({} if state is None else {"state": state}) | {"iss": self._issuer}
        return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}")


def _targets(user: Authentication, client: Client) -> tuple[Target, ...]:
    session = () if user.session_id is None else (Target(TargetKind.SESSION, user.session_id),)
    return (*issuance_targets(subject=user.subject, client_id=client.client_id), *session)


def _error(error: OAuthError, request: Request) -> dict[str, str]:
    request.note(outcome=error.error, detail=error.detail or error.description)
    return {"error": error.error, "error_description": error.description}


def _limited(form: Form, name: str, most: int) -> str | None:
    """Return a parameter of printable ASCII (RFC 6749 appendix A.5), or None; raises InvalidRequest."""
    value = form.get(name)
    if value is not None and not (len(value) <= most and value.isascii() and value.isprintable()):
        raise InvalidRequest(f"{name} is at most {most} printable characters of ASCII")
    return value


def _demand(client: Client, form: Form) -> LoginDemand:
    prompt = set((form.get("prompt") or "").split())
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt=none goes with no other value")
    max_age = form.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdecimal() and len(max_age) <= _MAX_AGE_DIGITS):
        raise InvalidRequest("max_age is a number of seconds")
    hint = form.get("login_hint")
    if hint is not None and not (len(hint) <= _MAX_HINT and hint.isprintable()):
        raise InvalidRequest(f"login_hint is at most {_MAX_HINT} printable characters")
    age = None if max_age is None else int(max_age)
    return LoginDemand(
        client_name=client.name,
        may_interact="none" not in prompt,
        # No clock measures an age of nothing: max_age=0 is prompt=login (OIDC Core §3.1.2.1).
        again="login" in prompt or age == 0,
        max_age=age,
        login_hint=hint,
    )
