"""The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1): all of it holds, or none."""

from __future__ import annotations

from typing import NamedTuple

from keyturn.domain import pkce
from keyturn.domain.client import Client
from keyturn.web.form import Form
from token_issuer.errors import (
    InvalidRequest,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from token_issuer.requested_access import Access, RequestedAccess, check_parameters

# All that is read of a request, and so all that a login's page has to carry on.
PARAMETERS = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "code_challenge", "code_challenge_method"),
    *("scope", "resource", "state", "nonce", "prompt", "max_age", "login_hint", "id_token_hint"),
)
# What is carried from the request to the answer, or into the ID token, unread: as much as any client needs.
_MAX_STATE, _MAX_NONCE = 4096, 256
# Goes to the login, which shows or looks up who is expected.
_MAX_HINT = 256
_MAX_AGE_DIGITS = 9


class AuthorizationRequest(NamedTuple):
    """A request whose every parameter holds.

    `may_interact` is False for prompt=none; `again` is True for prompt=login, for max_age=0, which means the same,
    and for prompt=select_account; `max_age` in seconds, or None. `login_hint` and `id_token_hint` say who is expected.
    """

    client: Client
    redirect_uri: str
    access: Access
    challenge: str
    nonce: str | None
    may_interact: bool
    again: bool
    max_age: int | None
    login_hint: str | None
    id_token_hint: str | None


def read_state(form: Form) -> str | None:
    """Return the state, which goes with every answer; raises InvalidRequest for one that cannot be repeated."""
    return _limited(form, "state", _MAX_STATE)


def check_response_mode(form: Form) -> None:
    """Raise InvalidRequest for an answer by another way than the query, which is why no client can be told of it.

    OIDC Core §3.1.2.6 wants a page for that.
    """
    if form.get("response_mode") not in (None, "query"):
        raise InvalidRequest("the response mode is query")


def read_request(form: Form, client: Client, redirect_uri: str, access: RequestedAccess) -> AuthorizationRequest:
    """Return what a client asks for; raises what it is told by a redirect (RFC 6749 §4.1.2.1)."""
    check_parameters(form)
    _check_kind(form, client)
    if form.get("code_challenge_method") != pkce.METHOD or not pkce.is_challenge(form.require("code_challenge")):
        # `plain`, which no method at all would mean, shows the verifier to whoever sees this request (R31).
        raise InvalidRequest("code_challenge is 43 characters of base64url, and code_challenge_method is S256")
    prompt, max_age = _prompt(form), _max_age(form)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        access=access.decide(client, resource=form.get("resource"), scope=form.get("scope")),
        challenge=form.require("code_challenge"),
        nonce=_limited(form, "nonce", _MAX_NONCE),
        may_interact="none" not in prompt,
        # No clock measures an age of nothing: max_age=0 is prompt=login (OIDC Core §3.1.2.1).
        again=bool(prompt & {"login", "select_account"}) or max_age == 0,
        max_age=max_age,
        login_hint=_login_hint(form),
        id_token_hint=form.get("id_token_hint"),
    )


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


def _limited(form: Form, name: str, most: int) -> str | None:
    """Return a parameter of printable ASCII (RFC 6749 appendix A.5), or None; raises InvalidRequest."""
    value = form.get(name)
    if value is not None and not (len(value) <= most and value.isascii() and value.isprintable()):
        raise InvalidRequest(f"{name} is at most {most} printable characters of ASCII")
    return value


def _prompt(form: Form) -> set[str]:
    prompt = set((form.get("prompt") or "").split())
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt=none goes with no other value")
    return prompt


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
