"""The authorization endpoint (RFC 6749 §3.1, §4.1.1; OIDC Core §3.1.2): a user's consent becomes a code.

A redirect URI gets a response only after the check that it belongs to the client (RFC 9700 §4.11). An error before that
check is a page; a later error is a response to the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.domain.clients.client import Client
from keyturn.domain.errors import KeyturnError
from keyturn.web.errors import BadRequest
from keyturn.web.form import Form, read_form, read_query
from keyturn.web.form_guard import FormGuard
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from token_issuer.authorization_flow import INTERACTION_FIELD, AuthorizationFlow, CannotContinue, StoredInteraction
from token_issuer.authorization_request import AuthorizationRequest, check_response_mode, read_request, read_state
from token_issuer.error_responses import error_page
from token_issuer.errors import InteractionRequired, InvalidRequest, OAuthError, as_oauth_error
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.requested_access import RequestedAccess
from token_issuer.restart_page import asks_to_restart, is_interaction_id, restart_page

if TYPE_CHECKING:
    from keyturn.domain.grants.grant_credentials import AuthorizationCode
    from keyturn.ports import ClientReader

_REFUSALS = (BadRequest, OAuthError, KeyturnError)


class _Parameters(NamedTuple):
    """The parameters of an HTTP request: its own, or those of the stored interaction that it names.

    `restarts` says that the user asked to restart the interaction's request.
    """

    form: Form
    stored: StoredInteraction | None = None
    restarts: bool = False


class AuthorizationEndpoint:
    """Issues a code to a client for the signed-in user; `browser` guards forms by the browser's cookie."""

    methods = ("GET", "POST")

    def __init__(
        self,
        issuer: str,
        clients: ClientReader,
        access: RequestedAccess,
        hints: IdTokenHints,
        flow: AuthorizationFlow,
        *,
        browser: FormGuard,
    ) -> None:
        self._issuer = issuer
        self._clients = clients
        self._access = access
        self._hints = hints
        self._flow = flow
        self._browser = browser

    def respond(self, request: Request) -> Response:
        """Return the redirect with a code or an error, the redirect to the login, or a page with an error."""
        try:
            parameters = self._read(request)
            client, redirect_uri = self._find_client(parameters.form)
            check_response_mode(parameters.form)
        except _REFUSALS as error:
            # The browser shows the response to its user, so that faults of the issuer are pages too.
            refusal = as_oauth_error(error)
            _error(refusal, request)
            return error_page(refusal)
        request.note(client_id=client.client_id)
        state: str | None = None
        try:
            state = read_state(parameters.form)
            wanted = read_request(parameters.form, client, redirect_uri, self._access)
            return self._authorize(request, parameters, wanted, state)
        except _REFUSALS as error:
            return self._redirect(redirect_uri, _error(as_oauth_error(error), request), state)

    def _read(self, request: Request) -> _Parameters:
        """Return the parameters; raises InvalidRequest for an unknown interaction."""
        form = read_form(request) if request.method == "POST" else read_query(request)
        # A client's request ignores unknown parameters, and one of this name is unknown (OIDC Core §3.1.2.1).
        if not form.has(INTERACTION_FIELD) or form.has("client_id"):
            return _Parameters(form)
        interaction_id, restarts = form.require(INTERACTION_FIELD), asks_to_restart(request, form)
        if request.method == "POST" and not restarts:
            raise InvalidRequest("an interaction continues by GET")
        stored = self._flow.find(interaction_id) if is_interaction_id(interaction_id) else None
        if stored is None:
            raise InvalidRequest("this sign-in is over")
        if restarts and not self._browser.accepts(request, form):
            request.note(detail="the form was not shown to this browser")
            restarts = False
        return _Parameters(Form(dict(stored.interaction.request)), stored, restarts)

    def _find_client(self, form: Form) -> tuple[Client, str]:
        """Return the client and its redirect URI; raises InvalidRequest, which must be a page."""
        client = self._clients.get(form.require("client_id"))
        presented = form.require("redirect_uri")
        if client is None or not client.has_redirect_uri(presented):
            raise InvalidRequest("the client is unknown, or has not registered this redirect URI")
        return client, presented

    def _authorize(
        self, request: Request, parameters: _Parameters, wanted: AuthorizationRequest, state: str | None
    ) -> Response:
        """Return the redirect with a code, or the redirect to a page; raises the error for the client."""
        stored = parameters.stored
        try:
            if stored is not None and not parameters.restarts:
                if request.method == "POST":
                    raise CannotContinue
                answer = self._flow.resume(request, wanted, stored)
            else:
                answer = self._begin(request, parameters, wanted)
        except CannotContinue:
            if stored is None or not wanted.may_interact:
                raise InteractionRequired("this sign-in cannot be continued") from None
            request.note(outcome="begin_again")
            return restart_page(request, stored.id, self._browser)
        if isinstance(answer, Response):
            request.note(outcome="login")
            return answer
        return self._redirect(wanted.redirect_uri, {"code": answer.value}, state)

    def _begin(
        self, request: Request, parameters: _Parameters, wanted: AuthorizationRequest
    ) -> AuthorizationCode | Response:
        if parameters.stored is not None:
            return self._flow.begin(request, wanted, parameters.stored.interaction.subject_hint)
        subject_hint = self._hints.read(parameters.form.get("id_token_hint"), wanted.client, request)
        if request.method == "POST":
            return self._flow.store(wanted, subject_hint)
        return self._flow.begin(request, wanted, subject_hint)

    def _redirect(self, uri: str, parameters: dict[str, str], state: str | None) -> Response:
        """Return the response to the client; its `iss` names the issuer (RFC 9207)."""
        sent = parameters | ({} if state is None else {"state": state}) | {"iss": self._issuer}
        return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(sent)}")


def _error(error: OAuthError, request: Request) -> dict[str, str]:
    request.note(outcome=error.error, detail=error.detail or error.description)
    return {"error": error.error, "error_description": error.description}
