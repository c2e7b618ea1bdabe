"""Good requests to every endpoint of the issuer that reads parameters, with the error for each wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from tests.fakes.client_assertions import ASSERTION_TYPE, keyed_client, make_assertion
from tests.fakes.http_api_event import FORM, basic, http_api_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer
from tests.fakes.token_factory import AUDIENCE
from tests.fakes.user_flow import AUTHORIZE, REDIRECT_URI, USERINFO, VERIFIER, UserFlow, authorization_request

Pairs = list[tuple[bytes, bytes]]


class Rule(NamedTuple):
    """The error codes for a missing and for a wrong parameter; None for one that is accepted."""

    absent: str | None
    wrong: str | None


class Endpoint(NamedTuple):
    """One kind of request: `parameters` makes a good one, and `rules` has the error codes of each parameter."""

    method: str
    path: str
    parameters: Callable[[UserFlow], Mapping[str, str]]
    rules: Mapping[str, Rule]
    headers: Mapping[str, str] = {}

    def pairs(self, flow: UserFlow) -> Pairs:
        """Return a good request's parameters, encoded by hand."""
        return [(name.encode(), _escape(value)) for name, value in self.parameters(flow).items()]

    def send(self, flow: UserFlow, pairs: Pairs, **changes: Any) -> Answer:
        """Return the answer to the parameters as they are, byte by byte; `changes` are of the event."""
        encoded = b"&".join(name + b"=" + value for name, value in pairs)
        if self.method == "GET":
            event = http_api_event("GET", self.path, query=encoded.decode("utf-8", "surrogateescape"))
        else:
            event = http_api_event("POST", self.path, headers={"content-type": FORM, **self.headers}, body=encoded)
        answer = flow.send(event | changes)
        location = answer.headers.get("location", "")
        # A good form of the authorization endpoint is answered by a GET.
        return flow.browser.resume(location.partition("=")[2]) if location.startswith(AUTHORIZE) else answer


def _escape(value: str) -> bytes:
    return "".join(f"%{byte:02X}" for byte in value.encode()).encode()


APP = basic("app", SECRET)
_AUTHORIZE_RULES = {
    "client_id": Rule("invalid_request", "invalid_request"),
    "redirect_uri": Rule("invalid_request", "invalid_request"),
    "response_type": Rule("invalid_request", "unsupported_response_type"),
    "code_challenge": Rule("invalid_request", "invalid_request"),
    "code_challenge_method": Rule("invalid_request", "invalid_request"),
    "scope": Rule(None, "invalid_scope"),
    "resource": Rule(None, "invalid_target"),
    "state": Rule(None, "invalid_request"),
    "nonce": Rule(None, "invalid_request"),
    "prompt": Rule(None, None),
    "max_age": Rule(None, "invalid_request"),
    "login_hint": Rule(None, "invalid_request"),
    "id_token_hint": Rule(None, "invalid_request"),
    "response_mode": Rule(None, "invalid_request"),
    "request": Rule(None, "request_not_supported"),
    "request_uri": Rule(None, "request_uri_not_supported"),
    "ui_locales": Rule(None, None),
}
_GRANT_TYPE = {"grant_type": Rule("invalid_request", "unsupported_grant_type")}
_ACCESS = {"scope": Rule(None, "invalid_scope"), "resource": Rule(None, "invalid_target")}
_TOKEN = {"token": Rule("invalid_request", None), "token_type_hint": Rule(None, None)}


def _authorize(_flow: UserFlow) -> dict[str, str]:
    return authorization_request(resource=AUDIENCE, login_hint="ada", max_age="100", response_mode="query")


def _code(flow: UserFlow) -> dict[str, str]:
    code = {"grant_type": "authorization_code", "code": flow.get_code(), "redirect_uri": REDIRECT_URI}
    return code | {"code_verifier": VERIFIER}


def _refresh(flow: UserFlow) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": flow.log_in()["refresh_token"], "scope": "orders:read"}


def _by_secret(_flow: UserFlow) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": "web", "client_secret": SECRET, "resource": AUDIENCE}


def _by_assertion(flow: UserFlow) -> dict[str, str]:
    if flow.clients.get("keyed") is None:
        flow.clients.add(keyed_client())
    assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": make_assertion()}
    return {"grant_type": "client_credentials"} | assertion


def _token(flow: UserFlow) -> dict[str, str]:
    return {"token": flow.log_in()["refresh_token"], "token_type_hint": "refresh_token"}


def _bearer(flow: UserFlow) -> dict[str, str]:
    return {"access_token": flow.log_in()["access_token"]}


ENDPOINTS: dict[str, Endpoint] = {
    "authorize": Endpoint("GET", AUTHORIZE, _authorize, _AUTHORIZE_RULES),
    "authorize by form": Endpoint("POST", AUTHORIZE, _authorize, _AUTHORIZE_RULES),
    "code": Endpoint(
        "POST",
        TOKEN,
        _code,
        _GRANT_TYPE
        | {name: Rule("invalid_request", "invalid_grant") for name in ("code", "redirect_uri")}
        | {"code_verifier": Rule("invalid_grant", "invalid_grant")}
        | {"resource": _ACCESS["resource"]},
        APP,
    ),
    "refresh": Endpoint(
        "POST",
        TOKEN,
        _refresh,
        _GRANT_TYPE | _ACCESS | {"refresh_token": Rule("invalid_request", "invalid_grant")},
        APP,
    ),
    "client_secret_post": Endpoint(
        "POST",
        TOKEN,
        _by_secret,
        _GRANT_TYPE
        | _ACCESS
        | {
            "client_id": Rule("invalid_request", "invalid_client"),
            "client_secret": Rule("invalid_client", "invalid_client"),
        },
    ),
    "private_key_jwt": Endpoint(
        "POST",
        TOKEN,
        _by_assertion,
        {name: Rule("invalid_request", "invalid_client") for name in ("client_assertion", "client_assertion_type")}
        # Another client than the one that signed is two clients.
        | {"client_id": Rule(None, "invalid_request")},
    ),
    "revoke": Endpoint("POST", REVOKE, _token, _TOKEN, APP),
    "introspect": Endpoint("POST", INTROSPECT, _token, _TOKEN, APP),
    "userinfo": Endpoint("POST", USERINFO, _bearer, {"access_token": Rule("invalid_token", "invalid_token")}),
}
PARAMETERS = [(label, name) for label, endpoint in ENDPOINTS.items() for name in endpoint.rules]


def stored(flow: UserFlow) -> object:
    """Return a copy of all that the issuer can write."""
    own = (flow.grants.stored, flow.revocations.writes, flow.assertions.used, flow.rates.taken)
    return deepcopy((*own, flow.login.interactions.stored, flow.login.sessions.stored))
