"""Notes on registrations that the stack cannot serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.domain.clients.resource_server import ResourceServer
from tests.fakes.command_stack import command_stack, deploy_authorizer, deployment, run

API, OTHER = "https://api.example", "https://other.example"
CODE = ("--redirect-uri", "https://app.example/callback")
REFUSED = f"the authorizer of this stack refuses tokens for {OTHER}: its parameter Audiences has {API}"


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack for one API, which declares two scopes."""
    monkeypatch.chdir(tmp_path)
    with command_stack(tmp_path):
        deploy_authorizer(AUDIENCES=API)
        deployment().resource_servers().add(ResourceServer(audience=API, name="API", scopes=frozenset("ab")))
        yield


def notes(*command: str) -> list[str]:
    result = run(*command)
    assert result.exit_code == 0, result.output
    return [line.removeprefix("note: ") for line in result.stderr.splitlines() if line.startswith("note: ")]


def add(*options: str, audience: str = API, scope: str = "a b") -> list[str]:
    return notes("clients", "add", "--name", "Reports", "--audience", audience, "--scope", scope, *options)


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        ((), "a b"),
        (CODE, "openid a"),
        ((*CODE, "--grant", "authorization_code", "--grant", "refresh_token"), "openid a offline_access"),
        (("--introspects", API), "a"),
    ],
)
def test_a_client_that_the_stack_serves_has_no_note(options: tuple[str, ...], scope: str) -> None:
    """A registration with the audiences, scopes and grant types of the stack prints no note."""
    assert add(*options, scope=scope) == []


def test_an_audience_of_no_api_is_noted() -> None:
    """A misspelt audience is named, beside the audiences of the stack."""
    assert add(audience=OTHER) == [REFUSED]
    assert add("--audience", OTHER) == [REFUSED]
    assert add("--introspects", OTHER) == [REFUSED]


def test_an_updated_client_and_a_resource_server_are_noted_too() -> None:
    """`clients update` and `resources add` name an audience that the authorizer refuses."""
    add()
    [client] = deployment().clients().list()
    assert notes("clients", "update", client.client_id, "--audience", OTHER) == [REFUSED]
    assert REFUSED in notes("resources", "add", OTHER, "--name", "Other", "--scope", "a")


@pytest.mark.parametrize(
    ("options", "scope", "note"),
    [
        ((), "a c", "no audience of the client declares these scopes, and requests for them fail: c"),
        ((), "c", f"{API} declares none of the client's scopes: requests for a token for it are refused"),
        ((), "a openid", "only the grant type authorization_code gives the scopes about users: openid"),
        (CODE, "a offline_access", "the scope offline_access is ignored without the grant type refresh_token"),
    ],
)
def test_a_scope_without_effect_is_noted(options: tuple[str, ...], scope: str, note: str) -> None:
    """A scope that no token can carry is named with the reason (R26)."""
    assert add(*options, scope=scope) == [note]


def test_a_grant_without_effect_is_noted() -> None:
    """The grant client_credentials gives no token for scopes about users alone (R25)."""
    options = (*CODE, "--grant", "authorization_code", "--grant", "client_credentials")
    assert "all of its scopes are about users, so that the grant type client_credentials gives no token" in add(
        *options, scope="openid email"
    )


def test_a_check_that_fails_is_a_note() -> None:
    """Without the function's environment the client is stored, and a note has the reason."""
    deployment().functions.delete_function(FunctionName="authorizer")
    [note] = add()
    assert note.startswith("the audiences of the stack's authorizer are unknown: ")
    assert len(deployment().clients().list()) == 1
