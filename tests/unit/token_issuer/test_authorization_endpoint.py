"""The authorization endpoint: who gets a code, how errors are returned, and what redirects never contain."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from keyturn.domain.errors import ItemDamaged, StoreUnavailable, Throttled
from keyturn.domain.grants.grant_credentials import parse_code
from keyturn.domain.grants.pkce import challenge_of
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.jose import TokenErrorReason
from tests.fakes.http_api_event import form_event
from tests.fakes.issuer_harness import TOKEN
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, make_token, signing_key
from tests.fakes.user_flow import (
    ACR,
    AUTHORIZE,
    OTHER_SUBJECT,
    REDIRECT_URI,
    SUBJECT,
    VERIFIER,
    Browser,
    UserFlow,
    answer_of,
    authorization_request,
    interaction_of,
    user_client,
)


def test_a_user_who_is_logged_in_gives_the_client_a_code(flow: UserFlow) -> None:
    """R33, R35: the answer is a 303 with code, state and iss, and one grant is bound to the request."""
    told = answer_of(flow.authorize())
    assert told.keys() == {"code", "state"}
    assert told["state"] == "s&t=1"
    code = parse_code(told["code"])
    assert code is not None
    grant = flow.grants.stored[code.gid]
    assert (grant.client_id, grant.subject, grant.audience) == ("app", SUBJECT, AUDIENCE)
    assert grant.scope == {"openid", "email", "orders:read"}
    assert (grant.session_id, grant.auth_time, grant.acr, grant.amr) == ("s1", NOW, ACR, ("pwd",))
    assert (grant.nonce, grant.claims, grant.created_at) == ("n-1", {"tenant": "a"}, NOW)
    assert (grant.code.redirect_uri, grant.code.challenge) == (REDIRECT_URI, challenge_of(VERIFIER))
    assert grant.code.expires_at == NOW + 60
    assert (grant.redemption, grant.refresh) == (None, None)


def test_the_log_says_who_gave_a_code_to_whom(flow: UserFlow, capsys: pytest.CaptureFixture[str]) -> None:
    """R66: the log has the client, the user and the id of the grant, and not the code."""
    code = parse_code(flow.get_code())
    assert code is not None
    line = json.loads(capsys.readouterr().out)
    assert {name: line[name] for name in ("outcome", "client_id", "sub", "gid")} == {
        "outcome": "code",
        "client_id": "app",
        "sub": SUBJECT,
        "gid": code.gid,
    }


def test_who_sends_no_state_gets_none(flow: UserFlow) -> None:
    """RFC 6749 §4.1.2: the answer has a state only if the request had one."""
    assert "state" not in flow.authorize(state=None).headers["location"]


def test_a_form_asks_as_well(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: the request may come by POST; the GET that follows comes with the browser's cookies."""
    posted = flow.browser.post(**authorization_request())
    assert flow.grants.stored == {}
    assert "code" in answer_of(flow.browser.resume(interaction_of(posted, AUTHORIZE)))


@pytest.mark.parametrize("changes", [{}, {"redirect_uri": "https://evil.example/"}])
def test_no_answer_may_be_framed_stored_or_read_by_another_page(flow: UserFlow, changes: dict[str, str]) -> None:
    """R36: redirects and pages carry the headers against CORS, framing, referrers and caching."""
    headers = flow.authorize(**changes).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "u_1"},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI + "?a=b"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"redirect_uri": "https://app.example.evil.example/callback"},
        {"redirect_uri": "https://app.example@evil.example/callback"},
        {"redirect_uri": "https://app.example/callback#x"},
        {"redirect_uri": "javascript:alert(1)"},
        {"client_id": "web"},  # a client without any redirect URI
    ],
)
def test_nothing_is_sent_to_a_stranger(flow: UserFlow, changes: dict[str, str | None]) -> None:
    """R30: an unknown client or an unregistered redirect URI gets a page instead of a redirect."""
    answer = flow.authorize(**changes)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert "evil" not in answer.body
    assert flow.grants.stored == {}


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_client_named_twice_is_a_page(flow: UserFlow, name: str) -> None:
    """R20, R30: two client ids make the client unknown: the answer is a page."""
    query = urlencode([*authorization_request().items(), (name, "x")])
    answer = flow.get(AUTHORIZE, query=query)
    assert (answer.status, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        *((name, "invalid_request") for name in ("state", "code_challenge", "scope", "request", "unheard_of")),
        ("resource", "invalid_target"),
    ],
)
def test_a_repeated_parameter_is_an_error_for_the_client(flow: UserFlow, name: str, error: str) -> None:
    """R20, RFC 6749 §4.1.2.1: a redirect reports a repeated parameter, as invalid_target for resource (RFC 8707 §2)."""
    query = urlencode([*authorization_request().items(), (name, "x"), (name, "y")])
    told = answer_of(flow.get(AUTHORIZE, query=query))
    assert (told["error"], told.get("state")) == (error, None if name == "state" else "s&t=1")
    assert flow.grants.stored == {}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"request": "e30."}, "request_not_supported"),
        ({"request_uri": "https://app.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "a" * 42 + "="}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "orders:read admin"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"scope": "openid  email"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"nonce": "n" * 257}, "invalid_request"),
        ({"nonce": "n\n"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "consent none"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "9" * 10}, "invalid_request"),
        ({"max_age": "9" * 400}, "invalid_request"),
        ({"max_age": "²"}, "invalid_request"),
        ({"login_hint": "x" * 257}, "invalid_request"),
        ({"login_hint": "ada\r\nset-cookie: x"}, "invalid_request"),
        ({"id_token_hint": "e30.e30."}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_an_error_for_the_client(flow: UserFlow, changes: dict[str, str | None], error: str) -> None:
    """R31, RFC 6749 §4.1.2.1: a redirect returns error, state and iss, without a page and without a write."""
    told = answer_of(flow.authorize(**changes))
    assert (told["error"], told["state"]) == (error, "s&t=1")
    assert "code" not in told
    assert flow.grants.stored == {}
    assert flow.login.interactions.stored == {}


def test_what_is_carried_may_be_as_long_as_that(flow: UserFlow) -> None:
    """RFC 6749 appendix A.5: a state and a nonce of the maximum length, and the greatest max_age, are accepted."""
    state, nonce = "~" * 4096, " " * 256
    told = answer_of(flow.authorize(state=state, nonce=nonce, max_age="9" * 9))
    assert told["state"] == state
    assert [grant.nonce for grant in flow.grants.stored.values()] == [nonce]


@pytest.mark.parametrize("mode", ["fragment", "form_post", "unheard_of"])
def test_another_way_than_the_query_is_a_page(flow: UserFlow, mode: str) -> None:
    """OIDC Core §3.1.2.6: an unsupported response mode is a page with status 400, and not a redirect."""
    answer = flow.authorize(response_mode=mode)
    assert (answer.status, "location" in answer.headers) == (400, False)
    assert flow.grants.stored == {}


@pytest.mark.parametrize("state", ["x" * 4097, "é", "a\r\nb"])
def test_an_invalid_state_is_not_repeated(flow: UserFlow, state: str) -> None:
    """R30: a state that is too long, or has characters outside printable ASCII, is not repeated."""
    told = answer_of(flow.authorize(state=state))
    assert (told["error"], "state" in told) == ("invalid_request", False)


def test_a_client_without_the_grant_type(flow: UserFlow) -> None:
    """R24: a client that lost the grant type and kept its redirect URIs gets no code."""
    client = user_client("once")
    object.__setattr__(client, "grant_types", frozenset({"client_credentials"}))
    flow.clients.add(client)
    assert answer_of(flow.authorize(client_id="once"))["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("age", "spread", "good"), [(99, 0, True), (100, 0, True), (101, 0, False), (99, 1, True), (100, 0.5, False)]
)
def test_an_authentication_that_is_too_old_gives_nothing(flow: UserFlow, age: int, spread: float, good: bool) -> None:
    """OIDC Core §3.1.2.1: a sign-in that is older than max_age by the late end of the present is asked for again."""
    flow.sign_in(flow.browser, auth_time=NOW - age)
    flow.clock.spread = spread
    answer = flow.authorize(max_age="100")
    assert ("code" in answer_of(answer)) if good else interaction_of(answer)
    told = answer_of(flow.authorize(max_age="100", prompt="none"))
    assert told.get("error") == (None if good else "login_required")


def hint_of(subject: str = SUBJECT, **changes: Any) -> str:
    """Return an expired ID token of this issuer, with changes."""
    claims = {"iss": ISSUER, "sub": subject, "aud": "app", "iat": NOW - 90_000, "exp": NOW - 89_000, "nonce": "n"}
    return make_token(key=signing_key(), header={"typ": "JWT"}, claims=claims | changes)


def test_a_user_who_is_expected_gets_the_code(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: the subject of an ID token of any age gets the code, by the session or by the login."""
    assert "code" in answer_of(flow.authorize(id_token_hint=hint_of(), prompt="none"))
    browser = Browser(flow)
    interaction = interaction_of(browser.open(id_token_hint=hint_of()))
    assert flow.interaction(interaction).subject_hint == SUBJECT
    flow.authenticate(interaction, browser)
    assert "code" in answer_of(browser.resume(interaction))


def test_another_user_than_expected_gets_nothing(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: another user than the hint names has to sign in, and is refused after that."""
    hint = hint_of(OTHER_SUBJECT)
    assert answer_of(flow.authorize(id_token_hint=hint, prompt="none"))["error"] == "login_required"
    interaction = interaction_of(flow.authorize(id_token_hint=hint))
    flow.authenticate(interaction, flow.browser)
    assert answer_of(flow.browser.resume(interaction))["error"] == "login_required"
    assert flow.grants.stored == {}
    flow.authenticate(interaction, flow.browser, value="T" * 43, subject=OTHER_SUBJECT, session_id="s2")
    assert "code" in answer_of(flow.browser.resume(interaction))


@pytest.mark.parametrize(
    "hint",
    [
        hint_of(aud="other"),
        hint_of(iss="https://other.example"),
        make_token(claims={"client_id": "app"}),  # an access token
        hint_of() + "x",
        make_token(key=signing_key("ES256", "stranger"), header={"typ": "JWT", "kid": signing_key().kid}),
    ],
)
def test_a_hint_that_is_no_id_token_of_the_client_is_refused(
    flow: UserFlow, capsys: pytest.CaptureFixture[str], hint: str
) -> None:
    """OIDC Core §3.1.2.2: another client's token is refused as a hint; the log alone has the reason."""
    assert answer_of(flow.authorize(id_token_hint=hint))["error"] == "invalid_request"
    assert json.loads(capsys.readouterr().out)["reason"] in {reason.value for reason in TokenErrorReason}


@pytest.mark.parametrize(
    ("revocation", "error"),
    [
        (Revocation(Target.of(TargetKind.SESSION, "s1"), expires_at=NOW + 9), "login_required"),
        (Revocation(Target.of(TargetKind.SUBJECT, SUBJECT), expires_at=NOW + 9, not_before=NOW), "login_required"),
        (Revocation(Target.of(TargetKind.SUBJECT, SUBJECT), expires_at=NOW + 9, not_before=NOW - 1), None),
        (Revocation(Target.of(TargetKind.SESSION, "s2"), expires_at=NOW + 9), None),
    ],
)
def test_a_session_that_was_ended_gives_no_code(flow: UserFlow, revocation: Revocation, error: str | None) -> None:
    """R49: a revoked session or user has to sign in again; a sign-in after the revocation cutoff counts."""
    flow.revocations.store(revocation)
    assert answer_of(flow.authorize(prompt="none")).get("error") == error
    answer = flow.authorize()
    assert ("code" in answer_of(answer)) if error is None else interaction_of(answer)


def test_a_fault_is_an_error_for_the_client(flow: UserFlow) -> None:
    """RFC 6749 §4.1.2.1: browsers do not follow a 503, so that the redirect reports a fault; the log has its cause."""
    flow.grants.fault = StoreUnavailable("DynamoDB: secret detail")
    told = answer_of(flow.authorize())
    assert told["error"] == "temporarily_unavailable"
    assert "secret" not in str(told)


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (StoreUnavailable("DynamoDB: secret detail"), 503, "5"),
        (Throttled("DynamoDB: secret detail"), 503, "1"),
        (ItemDamaged("DynamoDB: secret detail"), 500, None),
    ],
)
def test_a_fault_before_the_client_is_known_is_a_page(
    flow: UserFlow, capsys: pytest.CaptureFixture[str], fault: Exception, status: int, retry_after: str | None
) -> None:
    """R36: a fault before the client is known is a page; the log alone has its cause."""
    flow.clients.fault = fault
    answer = flow.authorize()
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (answer.headers["cache-control"], "secret" in answer.body) == ("no-store", False)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["detail"]) == ("ERROR", f"{type(fault).__name__}: {fault}")


def test_a_redirect_uri_with_a_query_keeps_it(flow: UserFlow) -> None:
    """RFC 6749 §3.1.2: the parameters are added to those of the registered URI."""
    flow.clients.add(user_client("query", redirect_uris=(f"{REDIRECT_URI}?tenant=a",)))
    location = flow.authorize(client_id="query", redirect_uri=f"{REDIRECT_URI}?tenant=a").headers["location"]
    assert location.startswith(f"{REDIRECT_URI}?tenant=a&code=")


@pytest.mark.parametrize("port", ["", ":1234", ":65535"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_native_app_listens_on_any_port(flow: UserFlow, host: str, port: str) -> None:
    """R30, RFC 8252 §7.3, RFC 9700 §2.1: any port of a loopback host matches, and the same port at the token endpoint.

    The user confirms the app each time (RFC 8252 §8.6).
    """
    public = {"authentication": frozenset({"none"}), "secret_hashes": ()}
    flow.clients.add(user_client("native", redirect_uris=(f"http://{host}/cb",), **public))
    uri = f"http://{host}{port}/cb"
    interaction = interaction_of(flow.authorize(client_id="native", redirect_uri=uri))
    flow.confirm(interaction)
    code = answer_of(flow.browser.resume(interaction), uri)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri, "client_id": "native"}
    assert flow.send(form_event(TOKEN, form | {"code_verifier": VERIFIER})).status == 200


def test_a_confidential_client_has_one_port_of_localhost(flow: UserFlow) -> None:
    """RFC 8252 §8.3: another port of localhost is refused: another process there would get the code."""
    flow.clients.add(user_client("native", redirect_uris=("http://localhost:3000/cb",)))
    assert flow.authorize(client_id="native", redirect_uri="http://localhost:3001/cb").status == 400
    assert interaction_of(flow.authorize(client_id="native", redirect_uri="http://localhost:3000/cb"))


def test_what_a_stranger_writes_is_not_in_the_page(flow: UserFlow) -> None:
    """R36: the page is free of the request's text, so that the request cannot inject a script."""
    answer = flow.get(AUTHORIZE, query="client_id=" + quote_plus("<script>alert(1)</script>"))
    assert (answer.status, "script" in answer.body) == (400, False)


def test_other_methods_are_not_taken(flow: UserFlow) -> None:
    """Other methods are 405, with a form or with a query."""
    assert flow.send({**form_event(AUTHORIZE, {}), "requestContext": {"http": {"method": "PUT"}}}).status == 405
