"""The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1): all of it holds, or none."""

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

# The answer or the ID token repeats these unread: as much as any client needs.
_MAX_STATE, _MAX_NONCE = 4096, 256
# Goes to the login, which shows or looks up who is expected.
_MAX_HINT = 256
_MAX_LOCALES = 256
_MAX_AGE_DIGITS = 9
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class AuthorizationRequest(NamedTuple):
    """A request whose every parameter holds.

    `scope` is the scope that the user is asked for, with offline_access; `access` is that of the tokens. `challenge` is
    None where the client sent none and needs none. `may_interact` is False for prompt=none. `again` is True for
    prompt=login, for max_age=0, which means the same, and for prompt=select_account; `asks_consent` for prompt=consent.
    `max_age` is in seconds, or None. `parameters` are the canonical ones, from which the request can be read again.
    """

    client: Client
    redirect_uri: str
    access: Access
    scope: frozenset[str]
    challenge: str | None
    nonce: str | None
    may_interact: bool
    again: bool
    asks_consent: bool
    max_age: int | None
    parameters: Mapping[str, str]


def read_state(form: Form) -> str | None:
    """Return the state, which goes with every answer; raises InvalidRequest for one that cannot be repeated."""
    return _limited(form, "state", _MAX_STATE)


def check_response_mode(form: Form) -> None:
    """Raise InvalidRequest for a response mode other than query; a page says so (OIDC Core §3.1.2.6)."""
    if form.get("response_mode") not in (None, "query"):
        raise InvalidRequest("the response mode is query")


def read_request(form: Form, client: Client, redirect_uri: str, access: RequestedAccess) -> AuthorizationRequest:
    """Return what a client asks for; raises the error that a redirect tells it (RFC 6749 §4.1.2.1).

    id_token_hint is read elsewhere: it takes keys, and is not kept. Parameters that are not named here are ignored
    (OIDC Core §3.1.2.1): display, claims, claims_locales and acr_values among them.
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
        # No clock measures an age of nothing: max_age=0 is prompt=login (OIDC Core §3.1.2.1).
        again=bool(prompt & {"login", "select_account"}) or max_age == 0,
        asks_consent="consent" in prompt,
        max_age=max_age,
        parameters={},
    )
    return request._replace(parameters=_canonical(form, request, prompt))


def _canonical(form: Form, request: AuthorizationRequest, prompt: frozenset[str]) -> dict[str, str]:
    """Return the parameters to store: none that nobody reads, and scope and resource as they were understood."""
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
    """Refuse a request of a kind that is not offered, or not to this client."""
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
    """Return the challenge, or None where there is none and the client needs none (RFC 9700 §2.1.1)."""
    challenge, method = form.get("code_challenge"), form.get("code_challenge_method")
    if challenge is None and method is None and not client.needs_pkce(redirect_uri):
        return None
    if method != pkce.METHOD or not pkce.is_challenge(form.require("code_challenge")):
        # `plain`, which no method at all would mean, shows the verifier to whoever sees this request (R31).
        raise InvalidRequest("code_challenge is 43 characters of base64url, and code_challenge_method is S256")
    return challenge


def _access(form: Form, client: Client, access: RequestedAccess) -> tuple[Access, frozenset[str]]:
    """Return the access of the tokens, and the scope that the user is asked for: offline_access is in it alone."""
    asked, offline = split_offline_access(form.get("scope"))
    allowed = access.decide(client, resource=form.get("resource"), scope=asked, ignores_unknown=True)
    # OIDC Core §11: without refresh tokens it is ignored.
    is_granted = offline and "refresh_token" in client.grant_types
    return allowed, allowed.scope | ({OFFLINE_ACCESS} if is_granted else set())


def _limited(form: Form, name: str, most: int) -> str | None:
    """Return a parameter of printable ASCII (RFC 6749 appendix A.5), or None; raises InvalidRequest."""
    value = form.get(name)
    if value is not None and not (len(value) <= most and value.isascii() and value.isprintable()):
        raise InvalidRequest(f"{name} is at most {most} printable characters of ASCII")
    return value


def _prompt(form: Form) -> frozenset[str]:
    given = frozenset((form.get("prompt") or "").split())
    if "none" in given and len(given) > 1:
        raise InvalidRequest("prompt=none goes with no other value")
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
    """Return the languages that the user prefers; a list that is none is ignored (OIDC Core §3.1.2.1)."""
    locales = form.get("ui_locales")
    if locales is None or len(locales) > _MAX_LOCALES or not (locales.isascii() and locales.isprintable()):
        return None
    return locales
