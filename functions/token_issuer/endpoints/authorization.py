"""The authorization endpoint (RFC 6749 §3.1, §4.1.1; OIDC Core §3.1.2): a user's consent becomes a code.

Nothing is sent to a redirect URI before client and URI are known to belong together (RFC 9700 §4.11): until then a
refusal is a page, from then on it is an answer to the client.
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
from token_issuer.authorization_request import AuthorizationRequest, check_response_mode, read_request, read_state
from token_issuer.begin_again import asks_to_begin_again, begin_again_page, is_interaction_id
from token_issuer.error_responses import error_page
from token_issuer.errors import InteractionRequired, InvalidRequest, OAuthError, as_oauth_error
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.interaction_flow import INTERACTION_FIELD, CannotContinue, InteractionFlow, Pending
from token_issuer.requested_access import RequestedAccess

if TYPE_CHECKING:
    from keyturn.domain.grants.grant_credentials import AuthorizationCode
    from keyturn.ports import ClientReader

_REFUSALS = (BadRequest, OAuthError, KeyturnError)


class _Asked(NamedTuple):
    """The parameters of a request: those that came, or those of the interaction that came.

    `again` says that the user asked to begin the interaction's request again.
    """

    form: Form
    pending: Pending | None = None
    again: bool = False


class AuthorizationEndpoint:
    """Gives a client a code for the user who signed in."""

    methods = ("GET", "POST")
    cors = False

    def __init__(
        self,
        issuer: str,
        clients: ClientReader,
        access: RequestedAccess,
        hints: IdTokenHints,
        flow: InteractionFlow,
        *,
        browser: FormGuard,
    ) -> None:
        """Take the issuer identifier, and the guard of the browser's cookie beside the ports."""
        self._issuer = issuer
        self._clients = clients
        self._access = access
        self._hints = hints
        self._flow = flow
        self._browser = browser

    def respond(self, request: Request) -> Response:
        """Return the redirect with a code or an error, the redirect to the login, or a page with an error."""
        try:
            asked = self._read(request)
            client, redirect_uri = self._find_client(asked.form)
            check_response_mode(asked.form)
        except _REFUSALS as error:
            # A person reads it: faults of ours are a page too.
            refusal = as_oauth_error(error)
            _error(refusal, request)
            return error_page(refusal)
        request.note(client_id=client.client_id)
        state: str | None = None
        try:
            state = read_state(asked.form)
            return self._authorize(request, asked, read_request(asked.form, client, redirect_uri, self._access), state)
        except _REFUSALS as error:
            return self._redirect(redirect_uri, _error(as_oauth_error(error), request), state)

    def _read(self, request: Request) -> _Asked:
        """Return the parameters; raises InvalidRequest for an interaction that nobody knows."""
        form = read_form(request) if request.method == "POST" else read_query(request)
        # Unknown parameters of a client's request are ignored, also one of this name (OIDC Core §3.1.2.1).
        if not form.has(INTERACTION_FIELD) or form.has("client_id"):
            return _Asked(form)
        interaction_id, again = form.require(INTERACTION_FIELD), asks_to_begin_again(request, form)
        if request.method == "POST" and not again:
            raise InvalidRequest("an interaction goes on by GET")
        pending = self._flow.find(interaction_id) if is_interaction_id(interaction_id) else None
        if pending is None:
            raise InvalidRequest("this sign-in is over")
        if again and not self._browser.accepts(request, form):
            request.note(detail="the form was not shown to this browser")
            again = False
        return _Asked(Form(dict(pending.interaction.request)), pending, again)

    def _find_client(self, form: Form) -> tuple[Client, str]:
        """Return the client and a redirect URI of its; raises InvalidRequest, for a page and no redirect (R30)."""
        client = self._clients.get(form.require("client_id"))
        presented = form.require("redirect_uri")
        if client is None or not client.has_redirect_uri(presented):
            raise InvalidRequest("the client is unknown, or has not registered this redirect URI")
        return client, presented

    def _authorize(self, request: Request, asked: _Asked, wanted: AuthorizationRequest, state: str | None) -> Response:
        """Return the answer with a code, or the redirect to a page; raises the error for the client."""
        pending = asked.pending
        try:
            if pending is not None and not asked.again:
                if request.method == "POST":
                    raise CannotContinue
                answer = self._flow.resume(request, wanted, pending)
            else:
                answer = self._begin(request, asked, wanted)
        except CannotContinue:
            if pending is None or not wanted.may_interact:
                raise InteractionRequired("this sign-in cannot be continued") from None
            request.note(outcome="begin_again")
            return begin_again_page(request, pending.id, self._browser)
        if isinstance(answer, Response):
            request.note(outcome="login")
            return answer
        return self._redirect(wanted.redirect_uri, {"code": answer.value}, state)

    def _begin(self, request: Request, asked: _Asked, wanted: AuthorizationRequest) -> AuthorizationCode | Response:
        if asked.pending is not None:
            return self._flow.begin(request, wanted, asked.pending.interaction.subject_hint)
        expected = self._hints.read(asked.form.get("id_token_hint"), wanted.client, request)
        if request.method == "POST":
            return self._flow.store(wanted, expected)
        return self._flow.begin(request, wanted, expected)

    def _redirect(self, uri: str, parameters: dict[str, str], state: str | None) -> Response:
        """Return the answer to the client, which says who answers (RFC 9207, R35)."""
        told = parameters | ({} if state is None else {"state": state}) | {"iss": self._issuer}
        return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}")


def _error(error: OAuthError, request: Request) -> dict[str, str]:
    request.note(outcome=error.error, detail=error.detail or error.description)
    return {"error": error.error, "error_description": error.description}
