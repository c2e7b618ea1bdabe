"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from keyturn.web.errors import BadRequest
from keyturn.web.form import parse_form, read_query
from keyturn.web.form_guard import TOKEN_FIELD
from keyturn.web.request import Request
from keyturn.web.responses import Response, page, redirect
from login import paths
from login.pages.sign_out import DECISION_FIELD, SIGN_OUT, STAY, logout, signed_out, still_signed_in

if TYPE_CHECKING:
    from keyturn.domain.clients.client import Client
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import ClientReader
    from keyturn.user_ports import UserReader
    from keyturn.web.form import Form
    from login.browser import Browser
    from login.current_session import CurrentSession
    from login.id_token_hints import IdTokenHint, IdTokenHints
    from login.session_end import SessionEnd

_PARAMETERS = ("client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales", "id_token_hint")
# API Gateway takes 10,240 bytes of request line and headers.
_MAX_QUERY = 8192


class LogoutRequest(NamedTuple):
    """A request whose redirect URI, if it has one, is registered by its client."""

    client: Client | None
    hint: IdTokenHint | None
    redirect_uri: str | None
    state: str | None


class LogoutPorts(NamedTuple):
    """The outside world of the endpoint."""

    clients: ClientReader
    users: UserReader
    hints: IdTokenHints
    end: SessionEnd


class Logout:
    """Ends the browser's session: at once for a hint that names it, else after a page that asks the user."""

    methods = ("GET", "POST")

    def __init__(self, browser: Browser, session: CurrentSession, ports: LogoutPorts) -> None:
        self._browser = browser
        self._session = session
        self._ports = ports

    def respond(self, request: Request) -> Response:
        """Return the redirect to the client, or a page; raises BadRequest for an unregistered redirect URI."""
        form = parse_form(request) if request.method == "POST" else read_query(request)
        has_cookie = self._browser.session_guard.secret(request) is not None
        own_form = request.method == "POST" and form.has(TOKEN_FIELD)
        if request.method == "POST" and not own_form and not has_cookie:
            # A form of another site comes without the cookie (SameSite=Lax); the GET that follows brings it.
            return redirect(_as_query(form))
        asked = self._read(request, form)
        if not has_cookie:
            # The cookie stays as it is: the browser may only withhold it from another site's form.
            may_return = own_form or asked.hint is not None
            return _finish(asked if may_return else asked._replace(redirect_uri=None))
        if own_form:
            return self._decide(request, form, asked)
        return self._end_or_ask(request, asked)

    def _read(self, request: Request, form: Form) -> LogoutRequest:
        client_id, uri = form.get("client_id"), form.get("post_logout_redirect_uri")
        hint = self._ports.hints.read(request, form.get("id_token_hint"), client_id)
        known = client_id or (None if hint is None else hint.client_id)
        client = None if known is None else self._ports.clients.get(known)
        if client is not None:
            request.note(client_id=client.client_id)
        if uri is not None and known is not None and (client is None or uri not in client.post_logout_redirect_uris):
            raise BadRequest("the client is unknown, or has not registered this post_logout_redirect_uri")
        return LogoutRequest(client, hint, None if client is None else uri, form.get("state"))

    def _end_or_ask(self, request: Request, asked: LogoutRequest) -> Response:
        stored = self._session.stored(request)
        if stored is not None and _names(asked.hint, stored):
            return self._end(request, stored, asked)
        session = self._session.find(request)
        if session is None:
            return self._finish_here(asked if asked.hint else asked._replace(redirect_uri=None))
        return self._ask(request, session, asked)

    def _ask(self, request: Request, session: Session, asked: LogoutRequest) -> Response:
        user = self._ports.users.get(session.subject)
        carried = {
            "client_id": None if asked.client is None else asked.client.client_id,
            "post_logout_redirect_uri": asked.redirect_uri,
            "state": asked.state,
        }
        hidden = {name: value for name, value in carried.items() if value is not None}
        request.note(outcome="asked")
        html = logout(
            self._browser.session_form(request, paths.LOGOUT, hidden),
            email="" if user is None else user.email,
            client=None if asked.client is None else asked.client.name,
        )
        return page(html)

    def _decide(self, request: Request, form: Form, asked: LogoutRequest) -> Response:
        """Take the form of the page that asks, or of the account page, which has no decision."""
        self._browser.check_session_form(request, form, reload=paths.LOGOUT)
        decision = form.get(DECISION_FIELD) or SIGN_OUT
        if decision not in (SIGN_OUT, STAY):
            raise BadRequest("the decision is neither sign_out nor stay")
        stored = self._session.stored(request)
        if stored is None:
            return self._finish_here(asked)
        if decision == STAY:
            request.note(outcome="stayed")
            return page(still_signed_in(account=paths.ACCOUNT))
        return self._end(request, stored, asked)

    def _end(self, request: Request, session: Session, asked: LogoutRequest) -> Response:
        self._ports.end.end(session, reason="logout", actor=session.subject)
        request.note(outcome="signed_out", sub=session.subject, sid=session.session_id)
        return self._finish_here(asked)

    def _finish_here(self, asked: LogoutRequest) -> Response:
        """Return the response after the end, with the session cookie cleared."""
        return _finish(asked)._replace(cookies=(self._browser.session_cookie.clear(),))


def _names(hint: IdTokenHint | None, session: Session) -> bool:
    """Return whether the hint is of this session."""
    return hint is not None and (hint.subject, hint.session_id) == (session.subject, session.session_id)


def _finish(asked: LogoutRequest) -> Response:
    """Return the redirect to the registered URI, with the state as it came, or the page that says "signed out"."""
    if asked.redirect_uri is None:
        return page(signed_out(sign_in=paths.SIGN_IN))
    if asked.state is None:
        return redirect(asked.redirect_uri)
    separator = "&" if "?" in asked.redirect_uri else "?"
    return redirect(f"{asked.redirect_uri}{separator}{urlencode({'state': asked.state})}")


def _as_query(form: Form) -> str:
    """Return the same request as a GET; a hint that does not fit is left out, and the page asks instead."""
    present = {name: value for name in _PARAMETERS if (value := form.get(name)) is not None}
    without_hint = {name: value for name, value in present.items() if name != "id_token_hint"}
    for each in (present, without_hint):
        location = paths.with_query(paths.LOGOUT, **each)
        if len(location) <= _MAX_QUERY:
            return location
    raise BadRequest("the parameters are too long")
