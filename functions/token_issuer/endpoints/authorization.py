"""The authorization endpoint (RFC 6749 §3.1, §4.1.1; OIDC Core §3.1.2): a user's consent becomes a code.

Nothing is sent to a redirect URI before client and URI are known to belong together (RFC 9700 §4.11): until then a
refusal is a page, from then on it is an answer to the client.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.domain.client import Client
from keyturn.domain.errors import KeyturnError
from keyturn.domain.grant import CODE_LIFETIME, CodeBinding, Grant
from keyturn.domain.grant_credentials import AuthorizationCode, new_grant_id
from keyturn.domain.redirect_uri import matches_redirect_uri
from keyturn.domain.revocation import ends_grant
from keyturn.web.cookie import BROWSER_COOKIE, Cookie
from keyturn.web.errors import BadRequest
from keyturn.web.form import Form, read_form, read_query
from keyturn.web.form_guard import TOKEN_FIELD, FormGuard
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from token_issuer.authorization_request import (
    PARAMETERS,
    AuthorizationRequest,
    check_response_mode,
    read_request,
    read_state,
)
from token_issuer.endpoints.metadata import AUTHORIZATION_PATH
from token_issuer.error_responses import error_page
from token_issuer.errors import InvalidRequest, LoginRequired, OAuthError, as_oauth_error
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.login import Authentication, Login, LoginDemand, LoginForm
from token_issuer.requested_access import RequestedAccess
from token_issuer.standing import Standing, Standings

if TYPE_CHECKING:
    from keyturn.ports import ClientReader, GrantStore

_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_FOREIGN_FORM = "Please try once more. If you see this again, let your browser keep cookies for this site."


class AuthorizationPorts(NamedTuple):
    """The outside world as the authorization endpoint needs it."""

    clients: ClientReader
    grants: GrantStore
    standings: Standings
    login: Login


class AuthorizationEndpoint:
    """Gives a client a code for the user who logged in."""

    methods = ("GET", "POST")
    cors = False

    def __init__(self, issuer: str, ports: AuthorizationPorts, access: RequestedAccess, hints: IdTokenHints) -> None:
        """Take the issuer identifier, the ports, what decides about scope and audience, and what reads hints."""
        self._issuer = issuer
        self._ports = ports
        self._access = access
        self._hints = hints
        self._csrf = FormGuard(Cookie(BROWSER_COOKIE, secure=issuer.startswith("https:")))

    def respond(self, request: Request) -> Response:
        """Return the redirect with a code, the login's page, a redirect with an error, or a page with one."""
        try:
            form = read_form(request) if request.method == "POST" else read_query(request)
            client, redirect_uri = self._find_client(form)
            check_response_mode(form)
        except (BadRequest, OAuthError, KeyturnError) as error:
            # A person reads it: faults of ours are a page too.
            refusal = as_oauth_error(error)
            _error(refusal, request)
            return error_page(refusal)
        request.note(client_id=client.client_id)
        try:
            state = read_state(form)
        except (BadRequest, InvalidRequest) as error:
            return self._redirect(redirect_uri, _error(as_oauth_error(error), request), None)
        try:
            asked = read_request(form, client, redirect_uri, self._access)
            # Also the login's pages: a cache that shares one shares its cookie and its form's token (R37).
            return self._authorize(request, form, asked, state).with_headers(_NO_STORE)
        except (BadRequest, OAuthError, KeyturnError) as error:
            return self._redirect(redirect_uri, _error(as_oauth_error(error), request), state)

    def _find_client(self, form: Form) -> tuple[Client, str]:
        """Return the client and a redirect URI of its; raises InvalidRequest, for a page and no redirect (R30)."""
        client = self._ports.clients.get(form.require("client_id"))
        presented = form.require("redirect_uri")
        known = () if client is None else client.redirect_uris
        if client is None or not any(matches_redirect_uri(each, presented) for each in known):
            raise InvalidRequest("the client is unknown, or has not registered this redirect URI")
        return client, presented

    def _authorize(self, request: Request, form: Form, asked: AuthorizationRequest, state: str | None) -> Response:
        """Return the answer with a code, or the login's page; raises LoginRequired where none may be shown."""
        demand = LoginDemand(
            client_name=asked.client.name,
            login_hint=asked.login_hint,
            subject=self._hints.read(asked.id_token_hint, asked.client, request),
        )
        user: Authentication | Response | None
        if asked.may_interact and request.method == "POST" and form.get(TOKEN_FIELD) is not None:
            user = self._log_in(request, form, demand)
            if isinstance(user, Response):
                return user
            code = self._grant(asked, demand, user)
        else:
            user = None if asked.again else self._ports.login.recognize(request, demand)
            code = None if user is None else self._grant(asked, demand, user)
            if code is None and asked.may_interact:
                return self._show(request, form, demand)
        if user is None or code is None:
            raise LoginRequired("the user has to log in")
        request.note(outcome="code", gid=code.gid, sub=user.subject)
        return self._redirect(asked.redirect_uri, {"code": code.value}, state)._replace(cookies=user.cookies)

    def _log_in(self, request: Request, form: Form, demand: LoginDemand) -> Authentication | Response:
        """Return the user whom a posted form proves, or the next page; one of another browser's is not read (R37)."""
        if not self._csrf.accepts(request, form):
            page = self._show(request, form, demand, notice=_FOREIGN_FORM)._replace(status=403)
            request.note(detail="the form was not shown to this browser")
            return page
        hidden, _ = self._protect(request, form)
        request.note(outcome="login")
        return self._ports.login.authenticate(
            request, form, demand, LoginForm(action=AUTHORIZATION_PATH, hidden=hidden)
        )

    def _show(self, request: Request, form: Form, demand: LoginDemand, *, notice: str | None = None) -> Response:
        """Return the login's page, whose form carries the request on."""
        hidden, cookies = self._protect(request, form)
        request.note(outcome="login")
        page = self._ports.login.show(
            request, demand, LoginForm(action=AUTHORIZATION_PATH, hidden=hidden, notice=notice)
        )
        return page._replace(cookies=(*page.cookies, *cookies))

    def _protect(self, request: Request, form: Form) -> tuple[dict[str, str], tuple[str, ...]]:
        secret, cookies = self._csrf.ensure_secret(request)
        return {**_carried(form), TOKEN_FIELD: self._csrf.token(secret)}, cookies

    def _grant(
        self, asked: AuthorizationRequest, demand: LoginDemand, user: Authentication
    ) -> AuthorizationCode | None:
        """Store the grant, and return its code; None where the user has to log in for it, or another one."""
        standing = self._ports.standings.read(
            subject=user.subject,
            client_id=asked.client.client_id,
            session_id=user.session_id,
            granted_at=user.auth_time,
        )
        if not _suffices(user, asked, demand, standing):
            return None
        code = AuthorizationCode(new_grant_id(secrets.token_bytes(16)), secrets.token_bytes(32))
        # The early end of the present: every later cut ends the grant.
        created_at = math.floor(standing.since.earliest)
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
                    expires_at=created_at + CODE_LIFETIME,
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


def _error(error: OAuthError, request: Request) -> dict[str, str]:
    request.note(outcome=error.error, detail=error.detail or error.description)
    return {"error": error.error, "error_description": error.description}


def _carried(form: Form) -> dict[str, str]:
    """Return the request's parameters, for a page's form to carry on."""
    values = {name: form.get(name) for name in PARAMETERS}
    return {name: value for name, value in values.items() if value is not None}


def _suffices(user: Authentication, asked: AuthorizationRequest, demand: LoginDemand, standing: Standing) -> bool:
    """Tell whether an authentication is good for a code: of the user expected, young enough, and not revoked since."""
    if demand.subject not in (None, user.subject):
        return False
    if ends_grant(standing.found, user.auth_time):
        return False
    # With a second for the clock; an age of nothing was asked for by a page already.
    return not asked.max_age or standing.since.latest - user.auth_time <= asked.max_age + 1
