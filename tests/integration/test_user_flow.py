"""A user's flow on the embedded stack: codes, refresh tokens, their races, and what a revocation does to them."""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.revocations.revocation import Target, TargetKind
from tests.integration.http import CLIENT, statuses
from tests.integration.people import person
from tests.integration.revocations import revoke
from tests.integration.user_stack import PUBLIC, Application, answer_of, claims_of, register, register_signing

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from local.stack_file import StackFile

CALLERS = 8
ROUNDS = 15  # a read before an unconditional write is found in the first three
WARM_UPS = 6


@pytest.fixture(scope="module")
def application(stack: StackFile) -> Application:
    """Return a client of users."""
    application = register(stack)
    # A sandbox for each caller has to start first, on few cores; the emulator gives up on slow ones.
    for _ in range(WARM_UPS):
        if {answer.status_code for answer in at_once(lambda: introspection(application, "x"))} == {200}:
            break
    return application


def at_once(action: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Return what so many callers are answered who come at the same time."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return [done.result() for done in [pool.submit(action) for _ in range(CALLERS)]]


def introspection(application: Application, token: str) -> httpx.Response:
    """Return the issuer's answer about a token."""
    url = f"{application.stack.issuer}/oauth2/introspect"
    return CLIENT.post(url, data={"token": token}, auth=application.auth)


def introspect(application: Application, token: str) -> Any:
    """Return what the issuer says of a token."""
    return introspection(application, token).json()


def test_a_user_allows_a_client_something(application: Application) -> None:
    """R28, R33, R38: the whole flow, with a token that opens the APIs before and after its refresh, and userinfo."""
    tokens = application.log_in("ada")
    assert set(statuses(application.stack, tokens["access_token"]).values()) == {200}
    again = application.refresh(tokens["refresh_token"]).json()
    assert set(statuses(application.stack, again["access_token"]).values()) == {200}
    userinfo = CLIENT.get(
        f"{application.stack.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {again['access_token']}"}
    ).json()
    ada = person(application.stack, "ada")
    assert userinfo == {"sub": ada.subject, "email": ada.email, "email_verified": True}
    assert introspect(application, again["refresh_token"])["active"] is True
    assert introspect(application, tokens["refresh_token"]) == {"active": False}


def test_a_public_client_needs_no_secret_and_a_verifier(application: Application) -> None:
    """R22, R31: for a client that cannot keep a secret, the verifier and the rotation are what there is."""
    public = register(application.stack, **PUBLIC)
    tokens = public.log_in("grace")
    assert public.refresh(tokens["refresh_token"]).status_code == 200


def test_the_metadata_names_what_users_need(application: Application) -> None:
    """R53: S256 alone, iss in the answer, and both endpoints."""
    for path in ("oauth-authorization-server", "openid-configuration"):
        metadata = CLIENT.get(f"{application.stack.issuer}/.well-known/{path}").json()
        assert metadata["authorization_endpoint"] == f"{application.stack.issuer}/oauth2/authorize"
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert {"authorization_code", "refresh_token"} <= set(metadata["grant_types_supported"])


def test_an_authorization_answer_says_who_answers(application: Application) -> None:
    """R35, R36: code, state and iss by a 303; an error of the login comes the same way."""
    told = answer_of(application.authorize("ada", "v" * 43))
    assert (set(told), told["iss"]) == ({"code", "state", "iss"}, application.stack.issuer)
    refused = answer_of(application.authorize("", "v" * 43, prompt="none"))
    assert (refused["error"], refused["iss"]) == ("login_required", application.stack.issuer)


def test_of_eight_uses_of_a_code_one_succeeds_and_then_all_is_over(application: Application) -> None:
    """R33, R34: fifteen rounds of callers who come at once: never two successes, and what one gave has ended."""
    for _ in range(ROUNDS):
        verifier = secrets.token_urlsafe(32)
        code = application.get_code("ada", verifier)
        answers = at_once(lambda code=code, verifier=verifier: application.redeem(code, verifier))  # type: ignore[misc]
        given = [answer.json() for answer in answers if answer.status_code == 200]
        refused = [answer.json()["error"] for answer in answers if answer.status_code != 200]
        # The first one may find its grant ended by the others before it could sign.
        assert len(given) <= 1
        assert set(refused) <= {"invalid_grant"}
        for tokens in given:
            assert introspect(application, tokens["access_token"]) == {"active": False}
            assert application.refresh(tokens["refresh_token"]).status_code == 400


def test_eight_uses_of_a_refresh_token_have_one_successor(application: Application) -> None:
    """R38, R40: fifteen rounds of requests at once: all get the same successor, which works next."""
    token = application.log_in("ada")["refresh_token"]
    for _ in range(ROUNDS):
        answers = at_once(lambda token=token: application.refresh(token))  # type: ignore[misc]
        assert {answer.status_code for answer in answers} == {200}
        [successor] = {answer.json()["refresh_token"] for answer in answers}
        assert successor != token
        token = successor


def test_of_eight_uses_of_an_assertion_one_succeeds(application: Application) -> None:
    """R22, RFC 7523 §3: fifteen rounds: an assertion opens the token endpoint once, however many come at once."""
    stack = application.stack
    client_id, key = register_signing(stack)
    for number in range(ROUNDS):
        claims = {"iss": client_id, "sub": client_id, "aud": stack.issuer, "exp": int(wall_seconds()) + 60}
        header = {"alg": "ES256", "kid": key.kid}
        form = {
            "grant_type": "refresh_token",
            "refresh_token": "x",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(header, claims | {"jti": f"assertion-{number}"}, key),
        }
        answers = at_once(lambda form=form: CLIENT.post(stack.token_endpoint, data=form))  # type: ignore[misc]
        # The authenticated client sends its refresh token, all others send their own.
        assert Counter(answer.json()["error"] for answer in answers) == {
            "invalid_grant": 1,
            "invalid_client": CALLERS - 1,
        }


def test_reuse_ends_the_family_at_the_gateway(application: Application) -> None:
    """R39, R47: a token two generations old ends the grant: refresh tokens, and access tokens at every API."""
    first = application.log_in("ada")
    second = application.refresh(first["refresh_token"]).json()
    third = application.refresh(second["refresh_token"]).json()
    assert application.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert application.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"
    for tokens in (first, second, third):
        assert 200 not in statuses(application.stack, tokens["access_token"]).values()


@pytest.mark.parametrize("kind", [TargetKind.SESSION, TargetKind.SUBJECT])
def test_an_operators_revocation_ends_refresh_and_userinfo_at_once(application: Application, kind: TargetKind) -> None:
    """R47, R49: introspection, userinfo and refresh honour it with the next request."""
    user = f"user-{secrets.token_hex(4)}"
    tokens = application.log_in(user)
    told = introspect(application, tokens["access_token"])
    session_id = claims_of(tokens["id_token"])["sid"]
    identifier = session_id if kind is TargetKind.SESSION else told["sub"]
    cut = None if kind is TargetKind.SESSION else told["iat"] + 1
    revoke(application.stack, Target.of(kind, identifier), at=told["iat"], not_before=cut)
    assert introspect(application, tokens["access_token"]) == {"active": False}
    assert introspect(application, tokens["refresh_token"]) == {"active": False}
    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert CLIENT.get(f"{application.stack.issuer}/oauth2/userinfo", headers=bearer).status_code == 401
