"""Reads and checks an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keyturn.domain.access.scope import OFFLINE_ACCESS, format_scope
from keyturn.domain.clients.client import Client
from keyturn.domain.grants import pkce
from keyturn.web.form import Form
from token_issuer.errors import (
    InvalidRequest,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from token_issuer.requested_access import Access, RequestedAccess, check_parameters, split_offline_access

# The response repeats the state, and the ID token the nonce. Both limits exceed what clients need.
_MAX_STATE, _MAX_NONCE = 4096, 256
# The login reads login_hint: it shows the hint, or looks the user up by it.
_MAX_HINT = 256
_MAX_LOCALES = 256
_MAX_AGE_DIGITS = 9
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class AuthorizationRequest(NamedTuple):
    """A request with valid parameters.

    `scope` is the scope that the user consents to, with offline_access; `access` has the scope of the tokens.
    `challenge` is None if PKCE is optional for the client and absent. `may_interact` is False for prompt=none.
    `requires_login` is True for prompt=login, for max_age=0, which means the same, and for prompt=select_account.
    `requires_consent` is True for prompt=consent. `max_age` is in seconds, or None. `parameters` are the canonical
    parameters, from which the request can be read again.
    """

    client: Client
    redirect_uri: str
    access: Access
    scope: frozenset[str]
    challenge: str | None
    nonce: str | None
    may_interact: bool
    requires_login: bool
    requires_consent: bool
    max_age: int | None
    parameters: Mapping[str, str]


def read_state(form: Form) -> str | None:
    """Return the state, which every response repeats; raises InvalidRequest for a state that cannot be repeated."""
    return _limited(form, "state", _MAX_STATE)


def check_response_mode(form: Form) -> None:
    """Raise InvalidRequest for a response mode other than query; the response is a page (OIDC Core §3.1.2.6)."""
    if form.get("response_mode") not in (None, "query"):
        raise InvalidRequest("the response mode is query")


def read_request(form: Form, client: Client, redirect_uri: str, access: RequestedAccess) -> AuthorizationRequest:
    """Return the checked request; raises the error that a redirect reports to the client (RFC 6749 §4.1.2.1).

    `IdTokenHints` reads id_token_hint, which needs keys and is not stored. Unknown parameters are ignored (OIDC Core
    §3.1.2.1): display, claims, claims_locales and acr_values among them.
    """
    check_parameters(form)
    _check_kind(form, client)
    prompt, max_age = _prompt(form), _max_age(form)
    allowed, scope = _access(form, client, access)
    request = AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        access=allowed,
        scope=scope,
        challenge=_challenge(form, client, redirect_uri),
        nonce=_limited(form, "nonce", _MAX_NONCE),
        may_interact="none" not in prompt,
        # max_age=0 means prompt=login (OIDC Core §3.1.2.1): a clock cannot measure an age of zero.
        requires_login=bool(prompt & {"login", "select_account"}) or max_age == 0,
        requires_consent="consent" in prompt,
        max_age=max_age,
        parameters={},
    )
    return request._replace(parameters=_canonical(form, request, prompt))


def _canonical(form: Form, request: AuthorizationRequest, prompt: frozenset[str]) -> dict[str, str]:
    """Return the parameters to store: those that are read again, with the decided scope and resource."""
    canonical = {
        "client_id": request.client.client_id,
        "redirect_uri": request.redirect_uri,
        "response_type": "code",
        "code_challenge": request.challenge,
        "code_challenge_method": None if request.challenge is None else pkce.METHOD,
        "scope": format_scope(request.scope),
        "resource": request.access.audience,
        "state": read_state(form),
        "nonce": request.nonce,
        "prompt": " ".join(sorted(prompt)) or None,
        "max_age": None if request.max_age is None else str(request.max_age),
        "login_hint": _login_hint(form),
        "ui_locales": _ui_locales(form),
    }
    return {name: value for name, value in canonical.items() if value is not None}


def _check_kind(form: Form, client: Client) -> None:
    """Refuse an unsupported kind of request, and a client without the authorization code grant."""
    if form.get("request") is not None:
        raise RequestNotSupported("request objects are not supported")
    if form.get("request_uri") is not None:
        raise RequestUriNotSupported("request objects are not supported")
    if form.get("registration") is not None:
        raise RegistrationNotSupported("clients are registered beforehand")
    if form.require("response_type") != "code":
        raise UnsupportedResponseType("the response type is code")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client is not registered for this grant type")


def _challenge(form: Form, client: Client, redirect_uri: str) -> str | None:
    """Return the challenge, or None for a client that may omit it and did (RFC 9700 §2.1.1)."""
    challenge, method = form.get("code_challenge"), form.get("code_challenge_method")
    if challenge is None and method is None and not client.needs_pkce(redirect_uri):
        return None
    if method != pkce.METHOD or not pkce.is_challenge(form.require("code_challenge")):
        # `plain`, the default of RFC 7636, shows the verifier to anyone who sees this request.
        raise InvalidRequest("code_challenge is 43 characters of base64url, and code_challenge_method is S256")
    return challenge


def _access(form: Form, client: Client, access: RequestedAccess) -> tuple[Access, frozenset[str]]:
    """Return the access of the tokens, and the scope that the user consents to: only this has offline_access."""
    requested, offline = split_offline_access(form.get("scope"))
    allowed = access.decide(client, resource=form.get("resource"), scope=requested, ignores_unknown=True)
    # offline_access is ignored for a client without refresh tokens (OIDC Core §11).
    is_granted = offline and "refresh_token" in client.grant_types
    return allowed, allowed.scope | ({OFFLINE_ACCESS} if is_granted else set())


def _limited(form: Form, name: str, limit: int) -> str | None:
    """Return a parameter of printable ASCII (RFC 6749 appendix A.5), or None; raises InvalidRequest."""
    value = form.get(name)
    if value is not None and not (len(value) <= limit and value.isascii() and value.isprintable()):
        raise InvalidRequest(f"{name} is at most {limit} printable characters of ASCII")
    return value


def _prompt(form: Form) -> frozenset[str]:
    given = frozenset((form.get("prompt") or "").split())
    if "none" in given and len(given) > 1:
        raise InvalidRequest("prompt=none excludes any other value")
    return given & _PROMPTS


def _max_age(form: Form) -> int | None:
    value = form.get("max_age")
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_AGE_DIGITS):
        raise InvalidRequest("max_age is a number of seconds")
    return int(value)


def _login_hint(form: Form) -> str | None:
    hint = form.get("login_hint")
    if hint is not None and not (len(hint) <= _MAX_HINT and hint.isprintable()):
        raise InvalidRequest(f"login_hint is at most {_MAX_HINT} printable characters")
    return hint


def _ui_locales(form: Form) -> str | None:
    """Return the languages that the user prefers; a malformed list is ignored (OIDC Core §3.1.2.1)."""
    locales = form.get("ui_locales")
    if locales is None or len(locales) > _MAX_LOCALES or not (locales.isascii() and locales.isprintable()):
        return None
    return locales
