"""Resource servers as the operator registers, changes and removes them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn_cli.resources import Algorithm
from tests.fakes.command_stack import deployment, put_ring, run
from tests.fakes.token_factory import signing_key

API = "https://api.example"
ADD = ("resources", "add", API, "--name", "Orders", "--scope", "a b")
FULL = ("--access-token-lifetime", "5m", "--claim", "tenant", "--claim", "roles")


pytestmark = pytest.mark.usefixtures("plain_stack")


def registered() -> tuple[ResourceServer, ...]:
    return deployment().resource_servers().list()


def done(*arguments: str) -> Any:
    """Return what a command that succeeds says to a program."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_algorithms_are_those_of_the_rings() -> None:
    """The choices of the command are those of the domain."""
    assert tuple(each.value for each in Algorithm) == SIGNING_ALGORITHMS


def test_a_resource_server_is_registered_shown_and_listed() -> None:
    """Each option is a field, and both commands show them (R27)."""
    done(*ADD, *FULL)
    [server] = registered()
    expected = {
        "audience": API,
        "name": "Orders",
        "scopes": ["a", "b"],
        "access_token_lifetime": 300,
        "algorithm": None,
        "claims": ["roles", "tenant"],
        "created_at": server.created_at,
        "revision": 0,
    }
    assert server.created_at > 1_700_000_000
    assert done("resources", "show", API) == expected
    assert done("resources", "list") == [expected]
    assert f"{API}  Orders  a b     5m        -          roles tenant" in run("resources", "list").stdout
    assert "access_token_lifetime  5m\n" in run("resources", "show", API).stdout


def test_one_that_is_there_is_not_overwritten() -> None:
    """`resources add` of an audience that is registered changes nothing and says what does."""
    done(*ADD)
    before = registered()
    result = run(*ADD, "--name", "Other")
    assert result.exit_code == 1
    assert "registered already" in str(result.exception)
    assert registered() == before


def test_what_is_given_changes_and_nothing_else() -> None:
    """`resources update` keeps every field that no option names."""
    done(*ADD, *FULL)
    done("resources", "update", API, "--scope", "c", "--clear", "access-token-lifetime")
    [server] = registered()
    assert (server.name, server.access_token_lifetime) == ("Orders", None)
    assert server.scopes == {"c"}
    assert server.claims == {"tenant", "roles"}
    done("resources", "update", API, "--clear", "claim", "--name", "API")
    assert (registered()[0].claims, registered()[0].name) == (frozenset(), "API")


@pytest.mark.parametrize("meanwhile", ["changed", "removed"])
def test_two_operators_at_once(monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    """A concurrent change of another operator stays; the command fails with exit code 1 and asks to try again."""
    done(*ADD)
    read = DynamoDbResourceServerRegistry.get

    def read_and_be_overtaken(store: DynamoDbResourceServerRegistry, audience: str) -> ResourceServer | None:
        server = read(store, audience)
        assert server is not None
        if meanwhile == "changed":
            store.update(replace(server, scopes=frozenset({"theirs"})))
        else:
            store.remove(audience)
        return server

    monkeypatch.setattr(DynamoDbResourceServerRegistry, "get", read_and_be_overtaken)
    result = run("resources", "update", API, "--name", "Ours")
    assert result.exit_code == 1
    assert str(result.exception) == f"the resource server {API} was changed by somebody else: try again"
    assert [(server.name, set(server.scopes)) for server in registered()] == (
        [("Orders", {"theirs"})] if meanwhile == "changed" else []
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 2),
        (("--algorithm", "HS256"), 2),
        (("--access-token-lifetime", "soon"), 2),
        (("--claim", "x", "--clear", "claim"), 2),
        (("--access-token-lifetime", "2h"), 1),
        (("--scope", "a  b"), 1),
        (("--claim", "sub"), 1),
        (("--name", ""), 1),
    ],
)
def test_a_wrong_change_changes_nothing(options: tuple[str, ...], code: int) -> None:
    """A change that could not work leaves the registration as it is (R28)."""
    done(*ADD)
    before = registered()
    assert run("resources", "update", API, *options).exit_code == code
    assert registered() == before


@pytest.mark.parametrize("wrong", [("--claim", "aud"), ("--access-token-lifetime", "0"), ("--scope", "")])
def test_a_wrong_registration_stores_nothing(wrong: tuple[str, str]) -> None:
    """A registration that could not work is exit code 1 with the rule."""
    result = run(*ADD, *wrong)
    assert (result.exit_code, registered()) == (1, ())
    assert isinstance(result.exception, ValueError)


@pytest.mark.parametrize("command", [("show",), ("update", "--name", "x"), ("remove",)])
def test_unknown_audience(command: tuple[str, ...]) -> None:
    """An audience that nobody registered is one line and exit code 1."""
    result = run("resources", *command, API)
    assert result.exit_code == 1
    assert "this audience is not registered" in str(result.exception)


@pytest.mark.parametrize("nobody", ["", "two words", "\udcff", "a" * 256])
def test_what_can_be_no_audience_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    """DynamoDB refuses some of it in words of its own: the command says the rule."""
    monkeypatch.setattr(DynamoDbResourceServerRegistry, "get", lambda *_: pytest.fail("asked"))
    result = run("resources", "show", "--", nobody)
    assert str(result.exception) == "an audience is 1 to 255 printable characters without spaces"


def test_removal_is_asked_about() -> None:
    """`resources remove` asks first, since its bounds end; --yes does not ask."""
    done(*ADD)
    assert run("resources", "remove", API, stdin="n\n").exit_code == 1
    assert registered()
    assert done("resources", "remove", API, "--yes")["outcome"] == "removed"
    assert registered() == ()


def test_an_algorithm_without_a_ring_is_noted() -> None:
    """A registration for an algorithm that the stack does not sign by yet is stored, and said to wait."""
    put_ring(signing_key("RS256"))
    assert "no ring" not in run(*ADD, "--algorithm", "RS256").stderr
    changed = run("resources", "update", API, "--algorithm", "Ed25519")
    assert changed.exit_code == 0
    assert "no ring of Ed25519" in changed.stderr
    assert registered()[0].algorithm == "Ed25519"


def test_what_was_stored_is_not_made_to_look_as_if_it_were_not() -> None:
    """A stack with unreadable rings accepts the registration, and a note says that a check failed."""
    result = run(*ADD, "--algorithm", "RS256")
    assert result.exit_code == 0
    assert "the check against the key rings and the clients failed" in result.stderr
    assert registered()


def test_clients_without_any_of_its_scopes_are_noted() -> None:
    """A client that would get no token any more is named (R26)."""
    run("clients", "add", "--name", "Reports", "--audience", API, "--scope", "z")
    [client] = deployment().clients().list()
    assert client.client_id in run(*ADD).stderr
    assert "note: c_" not in run("resources", "update", API, "--scope", "a z").stderr
