"""The authorizer behind the three kinds of API on the embedded stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.fakes.token_factory import make_token, signing_key
from tests.integration.http import CLIENT, call, get_token, post, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

ALLOWED = {"http": 200, "rest_token": 200, "rest_request": 200}
FORBIDDEN = {"http": 403, "rest_token": 403, "rest_request": 403}
UNAUTHORIZED = {"http": 403, "rest_token": 401, "rest_request": 401}


def test_without_a_token_nobody_is_asked(stack: StackFile) -> None:
    """A missing identity source is 401 on every kind of API, and the authorizer is not called (G5)."""
    assert statuses(stack, None) == {"http": 401, "rest_token": 401, "rest_request": 401}


def test_a_token_with_the_scope_opens_every_api_and_the_backend_learns_who_calls(stack: StackFile) -> None:
    """The principal reaches the backend as strings, the token does not (R59)."""
    raw = get_token(stack, scope="reports:read")
    for url in stack.apis.values():
        answer = call(url, raw)
        assert answer.json() == {"sub": stack.client_id, "client_id": stack.client_id, "scope": "reports:read"}


def test_too_little_scope_is_forbidden(stack: StackFile) -> None:
    """A route that needs another scope answers 403 on every kind of API (R57)."""
    raw = get_token(stack, scope="reports:read")
    assert statuses(stack, raw, method="POST") == FORBIDDEN
    assert statuses(stack, get_token(stack, scope="reports:write"), method="POST") == ALLOWED


def test_a_tampered_token_is_refused(stack: StackFile) -> None:
    """One changed character of the payload: 401 on REST, 403 on an HTTP API (R57)."""
    header, payload, signature = get_token(stack).split(".")
    swapped = payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB")
    assert statuses(stack, f"{header}.{swapped}.{signature}") == UNAUTHORIZED


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {}),
        ({"typ": "JWT"}, {}),
        ({"alg": "none"}, {}),
        ({}, {"exp": 1_700_000_900, "iat": 1_700_000_000}),
    ],
)
def test_a_token_of_somebody_elses_key_is_refused(
    stack: StackFile, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """A token that another key signed is refused, whatever else it says, even under the kid of ours (A4, A20)."""
    kid = CLIENT.get(stack.outputs["JwksUrl"]).json()["keys"][0]["kid"]
    right = {"iss": stack.issuer, "aud": stack.audience, "client_id": "demo", "sub": "demo", "scope": "reports:read"}
    raw = make_token(key=signing_key("RS256"), header={"kid": kid} | header, claims=right | claims)
    assert statuses(stack, raw) == UNAUTHORIZED


def test_a_token_of_another_stage_is_refused(stack: StackFile, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A staging stack's good token opens nothing here: it has another issuer and another key (R12)."""
    with EmbeddedStack(tmp_path_factory.mktemp("staging"), ports=ANY_PORTS) as staging:
        assert staging.issuer != stack.issuer
        raw = get_token(staging)
        assert statuses(staging, raw) == ALLOWED
        assert statuses(stack, raw) == UNAUTHORIZED


def test_a_revoked_token_is_refused_by_the_next_request(stack: StackFile) -> None:
    """Strict mode: after the acknowledgement no request is allowed, and introspection agrees (R47, R48)."""
    raw, other = get_token(stack), get_token(stack)
    assert statuses(stack, raw) == ALLOWED
    assert post(stack, "revoke", token=raw).status_code == 200
    assert statuses(stack, raw) == UNAUTHORIZED
    assert post(stack, "introspect", token=raw).json() == {"active": False}
    assert statuses(stack, other) == ALLOWED


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Basic {token}")],
        [("Authorization", "Bearer {token} {token}")],
        [("Authorization", "Bearer {token}, Bearer {token}")],
        [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
        [("Authorization", "{token}")],
    ],
)
def test_a_token_is_taken_from_one_well_formed_header_alone(stack: StackFile, headers: list[tuple[str, str]]) -> None:
    """Another scheme, two tokens, two values: refused on every kind of API, though the token is good (R56, G9)."""
    raw = get_token(stack)
    for url in stack.apis.values():
        answer = CLIENT.get(url, headers=[(name, value.format(token=raw)) for name, value in headers])
        assert answer.status_code in {401, 403}
    assert statuses(stack, raw) == ALLOWED
