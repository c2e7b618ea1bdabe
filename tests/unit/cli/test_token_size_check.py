"""Registrations whose tokens would be too large to be signed: they are refused, and nothing is stored."""

from __future__ import annotations

import pytest

from tests.fakes.command_stack import deployment, run
from tests.fakes.user_stack import EMAIL, UserStack, done

ADD = ("clients", "add", "--name", "Reports", "--audience", "https://api.example", "--scope", "a b")
WEB = ("--redirect-uri", "https://app.example/cb")
LONG = "x" * 4000
EMPTY = '{"note":""}'
MANY_SCOPES = " ".join(f"scope:{number:04}" for number in range(300))


pytestmark = pytest.mark.usefixtures("stack")


def problem(*arguments: str) -> str:
    """Return the error of a command that is refused."""
    result = run(*arguments)
    assert result.exit_code == 1
    return str(result.exception)


@pytest.mark.parametrize(
    "options",
    [
        ("--claim", f"note={LONG}"),
        tuple(part for number in range(200) for part in ("--claim", f"claim{number}=value {number}")),
        ("--claim", f"note={'ä' * 500}"),
        ("--scope", MANY_SCOPES),
        ("--scope", " ".join(f"s{number}" for number in range(500)), "--claim", f"note={'x' * 1000}"),
        (*WEB, "--user-claim", f"note={LONG}"),
        (*WEB, "--user-claim", f"note={'x' * 1600}"),
        (*WEB, "--scope", " ".join(f"scope:{number:04}" for number in range(150))),
    ],
)
def test_a_client_whose_tokens_are_too_large(options: tuple[str, ...]) -> None:
    """A long claim, many claims, and many scopes are refused at registration: each token would be refused later."""
    said = problem(*ADD, *options)
    assert "a token has at most 4096: register fewer or shorter scopes, claims and audiences" in said
    assert LONG not in said
    assert deployment().clients().list() == ()


def test_a_change_that_makes_tokens_too_large() -> None:
    """A change is refused like a registration, and the client stays as it is."""
    client_id = done(*ADD, "--claim", "tenant=acme")["client_id"]
    before = deployment().clients().get(client_id)
    for options in (("--claim", f"note={LONG}"), ("--scope", MANY_SCOPES)):
        assert "a token has at most 4096" in problem("clients", "update", client_id, *options)
    assert deployment().clients().get(client_id) == before


@pytest.mark.parametrize("options", [("--claim", f"note={'x' * 2000}"), (*WEB, "--user-claim", f"note={'x' * 800}")])
def test_a_long_claim_that_fits(options: tuple[str, ...]) -> None:
    """A claim may be long where the token has room for it, and for the claims of a user."""
    assert done(*ADD, *options)["client_id"]


def test_a_user_whose_claims_are_too_large(stack: UserStack) -> None:
    """The custom claims of a user have at most 1,024 bytes, which the tokens of each client have room for."""
    add = ("users", "add", EMAIL, "--name", "Ada")
    limit = "those of a user have at most 1024: set fewer or shorter claims"
    assert limit in problem(*add, "--claim", f"note={'x' * 1025}")
    subject = done(*add, "--claim", f"note={'x' * (1024 - len(EMPTY))}")["subject"]
    before = deployment().authorities().get(subject)
    assert limit in problem("users", "claims", subject, "--set", "more=1")
    assert deployment().authorities().get(subject) == before
